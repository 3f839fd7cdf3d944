"""Who answers the engine: seen however it is said, and told when it is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.engine.watch import Sighting, Watch
from tests.unit.load.engine.runs import SUBJECT, arriving, engine
from tests.unit.load.engine.server import OK, Server, serving

if TYPE_CHECKING:
    import socket


@pytest.mark.parametrize("pieces", [1, 2])
def test_who_answers_is_reported_when_it_changes(pieces: int) -> None:
    """The first answer of a service and each change of who answers are sightings, in whatever pieces they come."""
    who = [b"chat;slot=blue", b"chat;slot=blue", b"chat;slot=green", b"otp;slot=green", b"otp;slot=green-2"]

    def changing(server: Server, peer: socket.socket) -> None:
        for value in who:
            server.request(peer)
            answer = OK.replace(b"\r\n\r\n", b"\r\nx-served-by: " + value + b"\r\n\r\n")
            for piece in (answer,) if pieces == 1 else (answer[:30], answer[30:]):
                peer.sendall(piece)
                server.over.wait(0.002)

    with serving(changing) as server:
        runs = engine(server)
        arriving(server, [index / 50 for index in range(5)], connections=1, on=runs)
    sightings = runs.sightings()
    assert [(seen.subject, seen.value) for seen in sightings] == [
        (SUBJECT, "chat;slot=blue"),
        (SUBJECT, "chat;slot=green"),
        (SUBJECT, "otp;slot=green"),
        (SUBJECT, "otp;slot=green-2"),
    ]
    assert runs.sightings() == []


def test_replicas_that_take_turns_are_reported_once() -> None:
    """There are not as many sightings as answers."""
    seen: list[Sighting] = []
    watch = Watch(seen.append, SUBJECT)
    for who in [b"chat;a", b"chat;b"] * 10:
        watch.saw(who)
    assert [sighting.value for sighting in seen] == ["chat;a", "chat;b"]


def test_what_a_body_says_is_no_header() -> None:
    """Who quotes an answer of another in its own is not that other."""
    seen: list[Sighting] = []
    watch = Watch(seen.append, SUBJECT)
    watch.look(OK.replace(b": 2", b": 33") + b"\r\nX-Served-By: chat;slot=green\r\n")
    assert (seen, watch.expected) == ([], False)


@pytest.mark.parametrize("pieces", [1, 2])
def test_what_answers_in_a_services_place_is_counted_apart(pieces: int) -> None:
    """Where services say who they are, what was answered before them is no failure of theirs, in whatever pieces."""
    refusal = b"HTTP/1.1 429 No\r\nContent-Length: 4\r\n\r\nslow"
    served = b"\r\nx-served-by: chat;slot=blue\r\n\r\n"
    answers = [refusal, OK.replace(b"\r\n\r\n", served), refusal, refusal.replace(b"\r\n\r\n", served)]

    def limits(server: Server, peer: socket.socket) -> None:
        for answer in answers:
            server.request(peer)
            peer.sendall(answer[:-1] if pieces == 2 and answer.startswith(b"HTTP/1.1 4") else answer)
            if pieces == 2 and answer.startswith(b"HTTP/1.1 4"):
                server.over.wait(0.01)  # to be read by itself
                peer.sendall(answer[-1:])

    with serving(limits) as server:
        counts = arriving(server, [index / 50 for index in range(4)], connections=1)
    assert counts.causes == {(SUBJECT, "status 429"): 2, (SUBJECT, "status 429 before the service"): 1}


@pytest.mark.parametrize("name", [b"X-SERVED-BY", b"x-SERVED-by", b"x-served-by", b"X-Served-By"])
def test_who_answers_is_seen_however_the_header_is_spelt(name: bytes) -> None:
    """Names of headers know no case (RFC 9110, section 5.1), and the first answers need not have had it."""
    values = [b"", b"chat;slot=blue", b"chat;slot=green"]

    def spelling(server: Server, peer: socket.socket) -> None:
        for value in values:
            server.request(peer)
            line = b"\r\n" + name + b": " + value if value else b""
            peer.sendall(OK.replace(b"\r\n\r\n", line + b"\r\n\r\n"))

    with serving(spelling) as server:
        runs = engine(server)
        arriving(server, [index / 50 for index in range(3)], connections=1, on=runs)
    assert [seen.value for seen in runs.sightings()] == ["chat;slot=blue", "chat;slot=green"]
