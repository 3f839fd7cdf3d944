"""A websocket of the engine, fed by hand: what it hears is what any reader hears, however the bytes come."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Opcode

from loadtests.counts import Counts
from loadtests.engine.recording import Ledger, Recorder
from loadtests.native import new_lock
from loadtests.sockets.engine import Line, Talk
from loadtests.sockets.frames import Closing, Ping, Violation, masks
from loadtests.sockets.handshake import Handshake
from tests.unit.load.sockets.peers import agreement
from tests.unit.load.sockets.server import cut, heard, open_server, places, read, sent

LARGEST = 200
ANSWER = b"the answer"
FIRSTS = st.one_of(st.sampled_from([0x00, 0x01, 0x02, 0x80, 0x81, 0x81, 0x82, 0x89, 0x8A]), st.integers(0, 255))


class Fed:
    """A line that waits for an answer, what it heard meanwhile and what it wrote."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.written: list[bytes] = []
        recorder, openings = (Recorder(subject, Ledger(Counts(), new_lock())) for subject in ("echo", "connection"))
        self.recorder = recorder
        self.freed: list[float] = []
        owner: Any = SimpleNamespace(freed=lambda _, now: self.freed.append(now), lost=lambda _: None)
        opening = Handshake("host", "/")
        talk = Talk("echo", "/", b"", is_answer=self._is_answer)

        async def made() -> Line:
            line = Line(talk, opening, LARGEST, masks(), recorder, openings, owner)
            line.connection_made(MagicMock(asyncio.Transport))
            line._write = self.written.append
            line.data_received(agreement(opening.request))
            return line

        self.line = asyncio.run(made())
        self.line.busy = True

    def _is_answer(self, text: bytes) -> bool:
        self.texts.append(text.decode())
        return text == ANSWER


@given(st.lists(st.tuples(FIRSTS, st.binary(max_size=150) | st.text(max_size=60).map(str.encode)), max_size=12), places)
@example([(0x81, b"x")], [])
@example([(0x81, b"")], [])
@example([(0x01, b"x"), (0x81, b"y")], [3])
@example([(0x01, b"x" * 150), (0x80, b"x" * 51)], [])
@example([(0x01, b"x" * 150), (0x89, b"b" * 125), (0x80, b"x" * 50), (0x81, b"x" * 100)], [152, 279, 331])
def test_it_hears_what_any_reader_hears(came: list[tuple[int, bytes]], at: list[int]) -> None:
    """The short way of nearly all that comes changes nothing: texts, pongs, and the code that it leaves with."""
    data = b"".join(sent(first, payload[:125] if first & 0x08 else payload) for first, payload in came)
    messages = read(data, at, largest=LARGEST)
    binary = next((index for index, message in enumerate(messages) if isinstance(message, bytes)), len(messages))
    good, last = messages[:binary], messages[min(binary, len(messages) - 1)] if messages else ""
    fed = Fed()
    for piece in cut(data, at):
        fed.line.data_received(piece)
    assert fed.texts == [message for message in good if isinstance(message, str)]
    answers = heard(open_server(), b"".join(fed.written))
    pongs = [bytes(frame.data) for frame in answers if frame.opcode is Opcode.PONG]
    assert pongs == [message.payload for message in good if isinstance(message, Ping)]
    codes = [int.from_bytes(frame.data[:2], "big") or 1005 for frame in answers if frame.opcode is Opcode.CLOSE]
    left = isinstance(last, bytes | Closing | Violation)
    code = last.code if isinstance(last, Closing | Violation) else 1003
    assert codes == [code] * left
    assert (fed.line.usable, bool(fed.line.ended)) == (not left, left)


@pytest.mark.parametrize("size", [1, LARGEST, LARGEST + 1])
def test_no_text_is_larger_than_is_taken(size: int) -> None:
    """Also none that would be read the short way."""
    fed = Fed()
    fed.line.data_received(sent(0x81, b"x" * size))
    assert len(fed.texts) == (size <= LARGEST)


@pytest.mark.parametrize("behind", [b"", sent(0x81, ANSWER), sent(0x89, b"beat"), sent(0x81, ANSWER)[:5]])
def test_what_has_come_with_an_answer_answers_nothing_else(behind: bytes) -> None:
    """Whoever is free may send the next message at once, and that was not sent when these bytes came."""
    fed = Fed()
    fed.line.data_received(sent(0x81, b"no answer"))
    assert (fed.freed, fed.line.busy) == ([], True)
    fed.line.data_received(sent(0x81, ANSWER) + behind)
    assert (len(fed.freed), fed.line.busy) == (1, False)


def test_a_message_counts_from_when_it_was_wanted() -> None:
    """And in the second in which it was answered, which the first one begins."""
    fed = Fed()
    now = time.perf_counter()
    fed.line.send(now - 5.0, now)
    assert fed.recorder.border == 0
    fed.line.data_received(sent(0x81, ANSWER))
    assert fed.recorder.border > now
    assert 5.0 <= fed.recorder._latencies[0] <= 5.0 + time.perf_counter() - now


def test_who_leaves_says_so_once() -> None:
    """By a close frame of its own, which is no end that nobody asked for."""
    fed = Fed()
    fed.line.close()
    fed.line.close()
    (close,) = heard(open_server(), b"".join(fed.written))
    assert (close.opcode, close.data) == (Opcode.CLOSE, (1000).to_bytes(2, "big"))


def test_nothing_is_heard_or_said_after_the_end() -> None:
    """Whatever still comes of a connection that is being closed answers nothing, and is not answered."""
    fed = Fed()
    fed.line.data_received(sent(0x88, (1001).to_bytes(2, "big")))
    fed.written.clear()
    fed.line.data_received(sent(0x81, b"hello"))
    fed.line.data_received(sent(0x89, b"beat"))
    fed.line.close()
    assert (fed.texts, fed.written) == ([], [])
