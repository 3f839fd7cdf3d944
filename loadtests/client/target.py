"""Where requests go: a host, a port, and how to be sure of it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fixtures.clients.tls import trust

_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """One origin; `context` is None for plain HTTP, `authority` is what the Host header says."""

    host: str
    port: int
    authority: str
    context: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    ca_file: Path | None = None

    @classmethod
    def of(cls, base_url: str, ca_file: Path | None = None) -> "Target":
        """The origin of a URL; raises `ValueError` for one that is not HTTP, `OSError` for an unreadable `ca_file`."""
        parts = urlsplit(base_url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
            raise ValueError(f"{parts.scheme or 'it'} is no http or https address with a host and without a user")
        default = _PORTS[parts.scheme]
        port = parts.port or default
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(
            host=parts.hostname,
            port=port,
            authority=host if port == default else f"{host}:{port}",
            context=trust(ca_file) if parts.scheme == "https" else None,
            ca_file=ca_file,
        )
