"""Names of synthetic people."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.clients.identity import DOMAIN, LOCAL_PART_MAX, identify, person_name

CHECK = "test_account_works_only_after_its_address_is_proven[some-parameter]"
texts = st.text(max_size=120)
long_texts = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=60)


@given(run=texts, check=texts, noun=st.sampled_from(["alice", "bob", "carol", "newcomer"]))
@example(run="run", check="c" * (LOCAL_PART_MAX + 1 - len("verify-run--alice")), noun="alice")
def test_a_name_is_a_local_part_of_an_address(run: str, check: str, noun: str) -> None:
    """Any run and check give a name that fits the local part of an address and needs no quoting."""
    name = person_name(run, check, noun)
    assert len(name) <= LOCAL_PART_MAX
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert name.startswith("verify-")
    assert name.endswith(noun)


@given(
    part=st.sampled_from(["run_id", "check", "noun"]),
    long=st.lists(long_texts, min_size=2, max_size=2, unique=True),
)
def test_long_names_stay_apart(part: str, long: list[str]) -> None:
    """Runs, checks and people whose names had to be cut have no address in common."""
    whole = {"run_id": "run", "check": "test_it", "noun": "alice"}
    assert len({person_name(**{**whole, part: one}) for one in long}) == len(long)


def test_an_identity_tells_run_and_check_and_hides_its_password() -> None:
    """Whoever finds an account sees from its address which run made it; the password is in no representation."""
    who = identify("1ng8w7hpwhma", CHECK, "alice")
    assert who.email.startswith("verify-1ng8w7hpwhma-account-works")
    assert who.email.endswith(f"-alice@{DOMAIN}")
    assert who.password not in repr(who)
    assert who.password != identify("1ng8w7hpwhma", CHECK, "alice").password
