"""The services' shared connection to Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis import exceptions

from fixtures.sandbox.services.cache import Client
from fixtures.sandbox.services.line import Incomplete, Line, command, read

_REPLIES = b"+OK\r\n:-3\r\n$4\r\n\xc3\xa9\r\n\r\n$-1\r\n*-1\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n$0\r\n\r\n"
_SAID = ["OK", -3, "é\r\n", None, None, ["a", [1]], ""]


class _Server:
    """Answers each command with the next of its replies, None ending the connection, after the AUTH of each one."""

    def __init__(self, *replies: bytes | None) -> None:
        self._replies = list(replies)
        self.connections = 0
        self.heard = b""
        self._serving: list[asyncio.Task[Any]] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if (task := asyncio.current_task()) is not None:
            self._serving.append(task)
        while data := await reader.read(65536):
            self.heard += data
            replies = [b"+OK\r\n"] if b"AUTH" in data else [self._replies.pop(0) for _ in range(data.count(b"*"))]
            writer.writelines(reply for reply in replies if reply is not None)
            if None in replies:
                break
        writer.close()
        await writer.wait_closed()

    async def ask(self, *questions: tuple[Any, ...], wait: float = 5, retries: int = 1) -> list[Any]:
        """Ask all at once through a new client."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        client = Client(f"redis://:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/0", wait, retries)
        try:
            return await asyncio.gather(
                *(client.execute_command(*question) for question in questions), return_exceptions=True
            )
        finally:
            await client.aclose()
            server.close()
            await asyncio.wait_for(asyncio.gather(*self._serving, return_exceptions=True), 5)


def test_a_command_is_an_array_of_its_words() -> None:
    """Every word is sent with its length in bytes."""
    assert command([b"GET", "é".encode()]) == b"*2\r\n$3\r\nGET\r\n$2\r\n\xc3\xa9\r\n"


def test_replies_are_read_one_after_the_other() -> None:
    """Each kind of reply is read whole, and the next begins where it ends."""
    said, at = [], 0
    while at < len(_REPLIES):
        reply, at = read(_REPLIES, at)
        said.append(reply)
    assert said == _SAID


def test_no_part_of_a_reply_is_a_reply() -> None:
    """Wherever the network cuts, what is incomplete is said to be."""
    array = b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n"
    for length in range(len(array)):
        with pytest.raises(Incomplete):
            read(array[:length], 0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("NOSCRIPT No matching script.", exceptions.NoScriptError),
        ("READONLY You can't write against a read only replica.", exceptions.ReadOnlyError),
        ("LOADING Redis is loading the dataset in memory", exceptions.BusyLoadingError),
        ("ERR unknown command", exceptions.ResponseError),
    ],
)
def test_errors_are_those_of_the_driver(text: str, kind: type[Exception]) -> None:
    """What the driver would raise for an error of the server is what is returned for it."""
    reply, _ = read(f"-{text}\r\n".encode(), 0)
    assert type(reply) is kind


def test_replies_go_to_their_commands_however_they_are_cut() -> None:
    """Commands of many tasks get their own replies, in order, from pieces of any size."""

    async def asked() -> list[Any]:
        line = Line()

        class _Transport(asyncio.Transport):
            def write(self, data: bytes | bytearray | memoryview) -> None:
                """Send nowhere."""

            def abort(self) -> None:
                """End nothing."""

        line.connection_made(_Transport())
        waiting = [line.ask([b"PING"]) for _ in _SAID]
        for byte in _REPLIES:
            line.data_received(bytes([byte]))
        return await asyncio.gather(*waiting)

    assert asyncio.run(asked()) == _SAID


def test_commands_share_a_connection() -> None:
    """Commands of one client that are sent at once need one connection."""
    server = _Server(*[b":1\r\n"] * 20)
    assert asyncio.run(server.ask(*[("EXISTS", "a")] * 20)) == [1] * 20
    assert server.connections == 1


def test_a_closed_connection_is_hidden_once() -> None:
    """A command whose connection ends is sent again on another one."""
    server = _Server(None, b"$1\r\na\r\n")
    assert asyncio.run(server.ask(("GET", "k"))) == ["a"]
    assert server.connections == 2


def test_without_retries_the_end_of_the_connection_is_told() -> None:
    """A client without retries raises what happened."""
    (error,) = asyncio.run(_Server(None).ask(("GET", "k"), retries=0))
    assert isinstance(error, exceptions.ConnectionError)


def test_a_silent_server_is_given_up_in_time() -> None:
    """Whoever waits for a reply that does not come hears of it within the client's wait."""
    errors = asyncio.run(_Server(b"", b"", b"").ask(("GET", "k"), ("GET", "l"), wait=0.1))
    assert {type(error) for error in errors} <= {exceptions.TimeoutError, exceptions.ConnectionError}


def test_words_are_sent_as_the_driver_would() -> None:
    """Names of two words are two words; numbers are written as Python does."""
    server = _Server(b"+OK\r\n")
    asyncio.run(server.ask(("SCRIPT LOAD", 1.5, b"x", 7)))
    assert server.heard.endswith(command([b"SCRIPT", b"LOAD", b"1.5", b"x", b"7"]))
