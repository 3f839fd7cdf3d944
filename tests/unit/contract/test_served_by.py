"""Who answered: `X-Served-By` as an Item of RFC 9651."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import ServedBy, next_step, parse, served_by, turns_away, unserved

TOKENS = st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*", fullmatch=True)
STRINGS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@given(st.builds(ServedBy, TOKENS, TOKENS, STRINGS, STRINGS))
def test_round_trip(who: ServedBy) -> None:
    """What is written can be read, whatever is in it."""
    assert parse(str(who)) == who


@given(st.text())
def test_no_value_breaks_the_parser(value: str) -> None:
    """No value makes the parser raise anything but `ContractError`."""
    try:
        who = parse(value)
    except ContractError:
        return
    assert parse(str(who)) == who


@pytest.mark.parametrize(
    "value",
    [
        'chat;slot=green;build="prod-1";instance="c-1"',
        '  chat; slot=green;  build="prod-1";instance="c-1"  ',
        'chat;instance="c-1";build="prod-1";slot=blue;slot=green',
        'chat;new;slot=green;n=-12.5;b=?1;d=@1;k=:YQ==:;t=x/y;build="prod-1";instance="c-1"',
    ],
)
def test_good_values(value: str) -> None:
    """Order and spaces do not matter, unknown parameters are tolerated, and of two the last counts."""
    assert parse(value) == ServedBy("chat", "green", "prod-1", "c-1")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("", "X-Served-By"),
        ('"chat";slot=green;build="b";instance="i"', "X-Served-By"),
        ('chat,slot=green;build="b";instance="i"', "X-Served-By"),
        ('chat;Slot=green;build="b";instance="i"', "X-Served-By"),
        ('chat;slot=;build="b";instance="i"', "X-Served-By"),
        ('chat;slot=green;build="b;instance=i', "X-Served-By"),
        ('chat;build="b";instance="i"', "X-Served-By;slot"),
        ('chat;slot;build="b";instance="i"', "X-Served-By;slot"),
        ('chat;slot="green";build="b";instance="i"', "X-Served-By;slot"),
        ('chat;slot=green;build=b;instance="i"', "X-Served-By;build"),
        ('chat;slot=green;build="b"', "X-Served-By;instance"),
    ],
)
def test_bad_values_name_the_part(value: str, field: str) -> None:
    """A value that is malformed, or lacks a part, is an error that names the part."""
    with pytest.raises(ContractError) as caught:
        parse(value)
    assert caught.value.field == field


def test_missing_header() -> None:
    """An answer without the header comes from no service, and that is said."""
    with pytest.raises(ContractError, match="no service of the platform"):
        served_by(Answer(200, Headers(), b"", 0.1))
    who = ServedBy("chat", "green", "b", "i")
    assert served_by(Answer(200, Headers({"x-served-by": str(who)}), b"", 0.1)) == who


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-Served-By": "chat;slot=green"}, ""),
        ({"X-Served-By": "", "Server": "nginx"}, ""),
        ({}, "no X-Served-By"),
        ({"Server": "nginx/1.22.1"}, "no X-Served-By, Server nginx/1.22.1"),
        ({"Server": f"a {'b ' * 99}"}, f"no X-Served-By, Server a {'b ' * 29}"),
        ({"Server": "nginx of ops@example.org 48291357"}, "no X-Served-By, Server nginx of …@… …"),
    ],
)
def test_an_answer_of_no_service_says_whose_it_may_be(headers: dict[str, str], told: str) -> None:
    """What answers in a service's place is called by the name that it gives itself, if it is short enough."""
    assert unserved(Answer(429, Headers(headers), b"", 0.1)) == told


@pytest.mark.parametrize(
    ("status", "away", "step"),
    [
        (200, False, "a page of its own"),
        (403, True, "its rules"),
        (404, False, "leads to the service"),
        (413, True, "sizes"),
        (429, True, "exempt it"),
        (502, False, "reaches the service"),
    ],
)
def test_each_answer_before_a_service_has_a_next_step(status: int, away: bool, step: str) -> None:  # noqa: FBT001
    """A limit that may be one of the generator's address is not looked for in the service, nor the other way round."""
    assert turns_away(status) is away
    assert step in next_step(status)
