"""Who gave an answer that is bad: what the engine's counts say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.failure import Failure
from loadtests.said import MOST, OTHERS
from tests.unit.load.engine.runs import SUBJECT, arriving, engine
from tests.unit.load.engine.server import OK, Server, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

WHO = b'chat;slot=blue;build="b";instance="chat-2"'
ALL, NONE = (0.0,), ()
"""Limits that every answer is over, and none."""


def wrong(_status: int, _body: bytes) -> None:
    raise Failure("wrong slot")


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize(
    ("status", "who", "check", "limits", "bad"),
    [
        (503, WHO, None, NONE, {None}),
        (200, WHO, wrong, NONE, {None}),
        (200, WHO, None, ALL, {0.0}),
        (200, WHO, None, (0.0, 60.0), {0.0}),
        (200, WHO, wrong, ALL, {None, 0.0}),
        (200, WHO, None, NONE, set()),
        (503, b"chat;slot=blue", None, ALL, set()),
    ],
    ids=["failed", "wrong", "slow", "slow by one limit", "both", "good", "malformed"],
)
def test_who_gave_a_bad_answer_is_counted(  # noqa: PLR0913, PLR0917 - each is a fact of the answers
    monkeypatch: pytest.MonkeyPatch,
    pieces: int,
    status: int,
    who: bytes,
    check: Callable[[int, bytes], None] | None,
    limits: tuple[float, ...],
    bad: set[float | None],
) -> None:
    """Of several instances one may be sick alone: what failed or was slow names the one that answered."""
    answer = OK.replace(b"200 OK\r\n", b"%d Said\r\nX-Served-By: %b\r\n" % (status, who))
    monkeypatch.setattr("tests.unit.load.engine.runs.LIMITS", limits)
    parts = [answer] if pieces == 1 else [answer[:-1], answer[-1:]]
    with serving(lambda server, peer: server.answers(peer, *parts)) as server:
        runs = engine(server)
        counts = arriving(server, [index / 100 for index in range(4)], on=runs, check=check)
    assert dict(counts.instances) == {(SUBJECT, kind, "chat-2"): 4 for kind in bad}


def test_what_nobody_answered_is_laid_to_nobody() -> None:
    """An answer that was cut off is no answer, whoever began it."""

    def begins(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Served-By: %b\r\nContent-Length: 9\r\n\r\n" % WHO)

    with serving(begins) as server:
        counts = arriving(server, [0.0])
    assert dict(counts.causes) == {(SUBJECT, "cut off"): 1}
    assert not counts.instances


def test_another_name_in_each_answer_is_counted_and_fills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred are told apart and the rest is counted with them; another build behind them all is seen."""

    def renames(server: Server, peer: socket.socket) -> None:
        for number in range(2 * MOST):
            server.request(peer)
            build = b"b%d" % (number == 2 * MOST - 1)
            who = b'chat;slot=blue;build="%b";instance="%d"' % (build, number)
            peer.sendall(OK.replace(b"200 OK\r\n", b"503 Said\r\nX-Served-By: %b\r\n" % who))

    monkeypatch.setattr("tests.unit.load.engine.runs.LIMITS", NONE)  # or what a busy machine delays is counted twice
    with serving(renames) as server:
        runs = engine(server)
        counts = arriving(server, [0.0] * (2 * MOST), connections=1, waiting=2 * MOST, on=runs)
    assert (counts.instances.total(), len(counts.instances)) == (2 * MOST, MOST + 1)
    assert counts.instances[SUBJECT, None, OTHERS] == MOST
    seen = [sighting.value for sighting in runs.sightings()]
    assert (len(seen), seen[-1]) == (MOST + 1, f'chat;slot=blue;build="b1";instance="{2 * MOST - 1}"')
