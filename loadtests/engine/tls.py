"""Connections over TLS, by OpenSSL in memory: what arrives is decrypted here and read as on a plain one.

That is faster than the event loop's own TLS, which buffers once more on each side.
"""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from loadtests.engine.connection import Connection
from loadtests.engine.wire import Wire

if TYPE_CHECKING:
    import asyncio

    from loadtests.engine.plan import Origin, Plan
    from loadtests.engine.recording import Recorder
    from loadtests.engine.watch import Watch
    from loadtests.engine.wire import Owner

BROKEN: Final = "TLS"
_RECORD: Final = 2**14


class OverTls(Wire):
    """Goes before the class of a plain connection, whose `data_received` is `plain_received`."""

    __slots__ = ()
    plain_received: ClassVar[Callable[[Any, bytes], None]]

    def seals(self, origin: "Origin") -> None:
        """Prepare the handshake; before anything else is done with it."""
        context = cast("ssl.SSLContext", origin.context)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=origin.server_name)
        self._shaken = False

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        """Begin the handshake."""
        self._transport = cast("asyncio.Transport", transport)
        self._descriptor = transport.get_extra_info("socket").fileno()
        self._write = self._encrypt
        self._shake()

    def data_received(self, data: bytes) -> None:
        """Decrypt; an answer is mostly one record, and comes alone."""
        incoming = self._incoming
        incoming.write(data)
        if not self.usable and (self.ready.done() or not (self._shaken or self._shake())):
            return
        try:
            plain = self._tls.read(_RECORD)
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError:
            self._breaks(BROKEN)
            return
        if plain and not incoming.pending:
            self.plain_received(plain)
        else:
            self._read_together(plain)

    def eof_received(self) -> None:
        """Take no end for one that did not come encrypted: anybody could cut the connection."""
        self._ended(cleanly=False)
        self.usable = False

    def _read_together(self, first: bytes) -> None:
        """Decrypt all that came before any of it is read: what an answer sets off has no answer in it."""
        pieces, broken = [first], False
        try:
            while pieces[-1] and self._incoming.pending:
                pieces.append(self._tls.read(_RECORD))
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            broken = True
        plain = b"".join(pieces)
        if pieces[-1] and not broken:
            self.plain_received(plain)
            return
        self.usable = False  # What would be sent now would meet the end, which has come already.
        if plain:
            self._read(plain)
        if broken:
            self._breaks(BROKEN)
        else:
            self._ended(cleanly=True)
            self.close()

    def _shake(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        if self.ready.done():
            return False
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.ready.set_exception(error)
            self._flush()  # the peer is told why
            cast("asyncio.Transport", self._transport).close()
            return False
        else:
            self._shaken = True
        self._flush()
        if self._shaken:
            self._connected()
        return self._shaken

    def _encrypt(self, data: bytes) -> None:
        self._tls.write(data)
        self._put(self._outgoing.read())

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._put(self._outgoing.read())


class TlsConnection(OverTls, Connection):
    """Carries one request at a time, over TLS."""

    __slots__ = ()
    plain_received = Connection.data_received

    def __init__(  # noqa: PLR0913, PLR0917 - as its base
        self, plan: "Plan", largest: int, recorder: "Recorder", watch: "Watch", owner: "Owner", origin: "Origin"
    ) -> None:
        super().__init__(plan, largest, recorder, watch, owner)
        self.seals(origin)
