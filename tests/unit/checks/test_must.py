import pytest

from fixtures.checks import CheckFailure, must
from fixtures.checks.failure import Seen
from fixtures.checks.match import each, equals, has, length


def test_a_value_that_matches_is_returned() -> None:
    """What holds is handed on, so that a check can go on with it."""
    assert must(5, equals(5), subject="five") == 5


def test_a_failure_explains_itself() -> None:
    """A failure says what, where, expected, got, whose it is and what it usually means."""
    account = {"user": {"status": "pending"}}
    with pytest.raises(CheckFailure) as caught:
        must(account, has(user=has(status="active")), subject="alice's account", service="auth", likely="no proof")
    assert caught.value.service == "auth"
    assert caught.value.where == ".user.status"
    for part in ("alice's account", "auth", "'active'", "'pending'", "likely:   no proof"):
        assert part in str(caught.value)
    assert caught.value.summary() == (
        "alice's account.user.status: expected 'active', got 'pending' (in {'user': {'status': 'pending'}})"
    )


def test_a_failure_shows_the_one_of_many_that_is_wrong() -> None:
    """Of replicas that differ the wrong one is shown by name, and not the first."""
    replicas = [{"name": name, "build": build} for name, build in (("a", "new"), ("b", "new"), ("c", "old"))]
    with pytest.raises(CheckFailure) as caught:
        must(replicas, each(has(build="new")), subject="builds")
    assert caught.value.summary() == ("builds[2].build: expected 'new', got 'old' (in {'build': 'old', 'name': 'c'})")
    with pytest.raises(CheckFailure) as caught:
        must([1, 2], each(1), subject="n")
    assert caught.value.summary() == "n[1]: expected 1, got 2 (in [1, 2])"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("", "it is answered"),
        ("[0].x", "it is answered[0].x"),
        (" user_id", "it is answered user_id"),
        ("DELETE /api/v1/x", "it is answered (DELETE /api/v1/x)"),
        ("wss://h/x", "it is answered (wss://h/x)"),
    ],
)
def test_an_address_stands_apart_in_one_line(where: str, told: str) -> None:
    """A path continues the name of what is judged, and whatever else says where does not."""
    failure = CheckFailure(what="it is answered", where=where, expected="an answer", got="none")
    assert failure.summary() == f"{told}: expected an answer, got none"


def test_a_failure_without_path_shows_the_value_once() -> None:
    """A plain value is shown once."""
    with pytest.raises(CheckFailure) as caught:
        must(1, equals(2), subject="n")
    assert str(caught.value) == "n is not as it must be\n  expected: 2\n  got:      1"
    with pytest.raises(CheckFailure) as caught:
        must("abc", length(2), subject="n")
    assert caught.value.got == "length 3: 'abc'"


def test_a_failure_says_what_it_usually_means_and_how_to_ask_again() -> None:
    """The likely cause and the command that repeats it have lines of their own."""
    failure = CheckFailure(what="w", expected="e", got="g", likely="the proof was not taken", repeat="curl https://h/")
    assert str(failure).splitlines()[3:] == ["  likely:   the proof was not taken", "  repeat:   curl https://h/"]


def test_a_failure_is_an_assertion() -> None:
    """pytest counts what does not hold as a failure, not as an error."""
    assert issubclass(CheckFailure, AssertionError)


def test_a_long_history_keeps_its_ends() -> None:
    """Of a long history the beginning and the end are shown, and how much lies between."""
    history = [Seen(f"state {n}", n, n) for n in range(40)]
    text = str(CheckFailure(what="w", expected="e", got="g", history=history))
    assert "state 0" in text
    assert "state 39" in text
    assert "28 more" in text
    assert "state 20" not in text
    assert "more" not in str(CheckFailure(what="w", expected="e", got="g", history=history[:12]))


def test_a_history_is_told_with_its_times() -> None:
    """The first state stands beside its title, and one that was seen more than once says until when."""
    history = [Seen("ringing", 0, 1.5, times=3), Seen("ended", 2, 2)]
    assert str(CheckFailure(what="w", expected="e", got="g", history=history)).splitlines()[3:] == [
        "  seen:     +0.00 s  ringing  (3 times, until +1.50 s)",
        "            +2.00 s  ended",
    ]
