"""Where nobody listens, for what is to be refused."""

import atexit
import socket
from functools import cache


@cache
def closed_port() -> int:
    """A port of loopback where nobody listens, nor can: it stays taken as long as this process lives."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    atexit.register(taken.close)
    port: int = taken.getsockname()[1]
    return port


def closed_address() -> str:
    """Its base URL."""
    return f"http://127.0.0.1:{closed_port()}"
