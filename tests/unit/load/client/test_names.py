"""Addresses of a host are asked for now and then, and used in turn."""

import pytest

from loadtests.client.names import FRESH, Address, Names


def test_a_look_up_lasts_a_while() -> None:
    """Within `FRESH` seconds a host is looked up once, and then again."""
    now, asked = [0.0], []

    def look_up(host: str, port: int) -> list[Address]:
        asked.append((host, port))
        return [(2, (host, port))]

    names = Names(look_up, lambda: now[0])
    for at in (0, FRESH - 0.1, FRESH + 0.1):
        now[0] = at
        assert names.addresses("a.example", 443) == [(2, ("a.example", 443))]
    names.addresses("a.example", 80)
    assert asked == [("a.example", 443), ("a.example", 443), ("a.example", 80)]


def test_addresses_take_turns() -> None:
    """Whoever connects begins with another address, and has all of them."""
    found: list[Address] = [(2, number) for number in range(3)]
    names = Names(lambda _host, _port: found)
    given = [names.addresses("a", 1) for _ in range(6)]
    assert {addresses[0] for addresses in given} == set(found)
    assert all(sorted(addresses) == found for addresses in given)


def test_what_is_not_found_is_asked_again() -> None:
    """A look-up that failed is not remembered."""
    answers: list[list[Address] | OSError] = [OSError("not now"), [(2, "x")]]

    def look_up(_host: str, _port: int) -> list[Address]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    names = Names(look_up)
    with pytest.raises(OSError, match="not now"):
        names.addresses("a", 1)
    assert names.addresses("a", 1) == [(2, "x")]
