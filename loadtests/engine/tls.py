"""A connection over TLS, by OpenSSL in memory: what arrives is decrypted here and read as on a plain one.

That is faster than the event loop's own TLS, which buffers once more on each side.
"""

import ssl
from typing import TYPE_CHECKING, Final, cast

from loadtests.engine.connection import Connection

if TYPE_CHECKING:
    import asyncio

    from loadtests.engine.connection import Owner
    from loadtests.engine.plan import Origin, Plan
    from loadtests.engine.recording import Recorder
    from loadtests.engine.watch import Watch

BROKEN: Final = "TLS"
_RECORD: Final = 2**14


class TlsConnection(Connection):
    """Usable after the handshake."""

    __slots__ = ("_incoming", "_outgoing", "_tls")

    def __init__(  # noqa: PLR0913, PLR0917 - as its base
        self, plan: "Plan", largest: int, recorder: "Recorder", watch: "Watch", owner: "Owner", origin: "Origin"
    ) -> None:
        super().__init__(plan, largest, recorder, watch, owner)
        context = cast("ssl.SSLContext", origin.context)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=origin.server_name)

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
        if not self.usable and not self._shake():
            return
        try:
            plain = self._tls.read(_RECORD)
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError:
            self._breaks()
            return
        if plain and not incoming.pending:
            Connection.data_received(self, plain)
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
            Connection.data_received(self, plain)
            return
        self.usable = False  # What would be sent now would meet the end, which has come already.
        if plain:
            self._read(plain)
        if broken:
            self._breaks()
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
            done = False
        except ssl.SSLError as error:
            self.ready.set_exception(error)
            self._flush()  # the peer is told why
            cast("asyncio.Transport", self._transport).close()
            return False
        else:
            done = True
        self._flush()
        if done:
            self._opens()
        return done

    def _breaks(self) -> None:
        if self.busy:
            self.fails(BROKEN)
        else:
            self.close()

    def _encrypt(self, data: bytes) -> None:
        self._tls.write(data)
        self._put(self._outgoing.read())

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._put(self._outgoing.read())
