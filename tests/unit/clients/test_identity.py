"""Names of synthetic people."""

import re

from hypothesis import given
from hypothesis import strategies as st

from fixtures.clients.identity import DOMAIN, LOCAL_PART_MAX, identify, person_name

CHECK = "test_account_works_only_after_its_address_is_proven[some-parameter]"
texts = st.text(max_size=120)


@given(run=texts, check=texts, noun=st.sampled_from(["alice", "bob", "carol", "newcomer"]))
def test_a_name_is_a_local_part_of_an_address(run: str, check: str, noun: str) -> None:
    """Any run and check give a name that fits the local part of an address and needs no quoting."""
    name = person_name(run, check, noun)
    assert len(name) <= LOCAL_PART_MAX
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert name.startswith("verify-")
    assert name.endswith(noun)


@given(
    checks=st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=60), min_size=2, max_size=2)
)
def test_long_names_stay_apart(checks: list[str]) -> None:
    """Two checks whose names had to be cut do not share their people."""
    one, other = checks
    if one != other:
        assert person_name("run", one, "alice") != person_name("run", other, "alice")


def test_an_identity_tells_run_and_check_and_hides_its_password() -> None:
    """Whoever finds an account sees from its address which run made it; the password is in no representation."""
    who = identify("1ng8w7hpwhma", CHECK, "alice")
    assert who.email.startswith("verify-1ng8w7hpwhma-account-works")
    assert who.email.endswith(f"-alice@{DOMAIN}")
    assert who.password not in repr(who)
    assert who.password != identify("1ng8w7hpwhma", CHECK, "alice").password
