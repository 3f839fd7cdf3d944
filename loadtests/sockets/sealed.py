"""TLS for a socket that somebody else reads and writes: bytes in, bytes out."""

import ssl
from typing import Final

_PIECE: Final = 64 * 1024


class Sealed:
    """One connection's TLS. `over` once nothing more can come.

    `first` is sealed once the two sides have agreed on keys and the certificate was checked.
    """

    __slots__ = ("_first", "_incoming", "_outgoing", "_tls", "over")

    def __init__(self, context: ssl.SSLContext, host: str, first: bytes) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._first = first
        self.over = False
        self.take(b"")

    def take(self, data: bytes) -> bytes:
        """What is in the bytes that came; raises `ssl.SSLError` for what is no TLS or not to be trusted.

        What was good before that is given first: the error is raised the next time.
        """
        if data:
            self._incoming.write(data)
        pieces = []
        try:
            if self._first:
                self._tls.do_handshake()
                self.seal(self._first)
                self._first = b""
            while piece := self._tls.read(_PIECE):
                pieces.append(piece)
            self.over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.over = True
            if not pieces:
                raise
        return b"".join(pieces)

    def seal(self, data: bytes) -> None:
        """Put bytes under TLS; `due` says what to send."""
        self._tls.write(data)

    def due(self) -> bytes:
        """What is to be sent by now."""
        return self._outgoing.read()
