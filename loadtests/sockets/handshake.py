"""The opening handshake of RFC 6455 from the client's side, without I/O, over llhttp."""

from collections.abc import Iterable, Mapping
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from websockets.utils import accept_key, generate_key

from fixtures.contract.served_by import HEADER
from fixtures.http1.requests import USER_AGENT
from loadtests.failure import Failure
from loadtests.instances import instance_of

_SERVED_BY: Final = HEADER.lower()
_SWITCHING: Final = 101
_FINAL: Final = 200
"""The least status of an answer that is not followed by another."""
_LARGEST_HEAD: Final = 64 * 1024


class Handshake:
    """One opening: `request` to send, `feed` for what comes back. `more` are whole lines of its head."""

    __slots__ = ("_accept", "_fed", "_offered", "_parser", "_status", "headers", "request")

    def __init__(
        self,
        authority: str,
        path: str,
        *,
        subprotocols: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        more: str = "",
    ) -> None:
        key = generate_key()
        self._accept = accept_key(key)
        self._offered = tuple(subprotocols)
        self._parser = HttpResponseParser(self)
        self._fed = 0
        self._status = 0
        self.headers: dict[str, str] = {}
        """Of the answer, names in lower case."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {authority}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        if self._offered:
            lines.append(f"Sec-WebSocket-Protocol: {', '.join(self._offered)}")
        lines += [f"{name}: {value}" for name, value in {"User-Agent": USER_AGENT, **(headers or {})}.items()]
        self.request = ("\r\n".join((*lines, more)) + "\r\n").encode("latin-1")

    @property
    def subprotocol(self) -> str | None:
        """What the server agreed to."""
        return self.headers.get("sec-websocket-protocol")

    @property
    def instance(self) -> str:
        """Who answered, well or not; empty if nobody did, or it does not say so."""
        return instance_of(self.headers.get(_SERVED_BY, "")) if self._status else ""

    def feed(self, data: bytes) -> bytes | None:
        """None while the answer is not whole, then the bytes after it; raises `Failure` if it is no agreement.

        No bytes at all say that the other side has ended the connection.
        """
        if not data:
            raise Failure("closed while opening", "before the answer was whole")
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            # llhttp says so only where `Connection` does, too.
            self._check()
            return data[upgrade.args[0] :]
        except HttpParserError as error:
            if self._status == _SWITCHING:
                raise Failure("not a websocket", "an answer 101 without Upgrade") from None
            raise Failure("not HTTP", str(error)) from None
        if self._status >= _FINAL:
            raise Failure(f"status {self._status}", "the websocket was refused")
        if self._fed > _LARGEST_HEAD:
            raise Failure("answer too large", f"over {_LARGEST_HEAD} bytes before the socket is open")
        return None

    def on_message_begin(self) -> None:
        """Called by llhttp: also for each answer that only says to wait (1xx)."""
        self.headers.clear()
        self._status = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by llhttp."""
        # llhttp leaves what is behind a value.
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Called by llhttp."""
        self._status = self._parser.get_status_code()

    def _check(self) -> None:
        headers = self.headers
        if headers.get("upgrade", "").lower() != "websocket":
            raise Failure("not a websocket", f"Upgrade: {headers.get('upgrade')!r}")
        if headers.get("sec-websocket-accept") != self._accept:
            raise Failure("not a websocket", f"Sec-WebSocket-Accept: {headers.get('sec-websocket-accept')!r}")
        if "sec-websocket-extensions" in headers:
            raise Failure("extension not offered", headers["sec-websocket-extensions"])
        if self.subprotocol is not None and self.subprotocol not in self._offered:
            raise Failure("subprotocol not offered", self.subprotocol)
