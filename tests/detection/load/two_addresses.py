"""A locustfile for a target whose name has a second address: all of the real one, and a resolver that knows of it."""

from typing import Any

import gevent.socket

from loadtests.locustfile import *  # noqa: F403 - a locustfile is what it makes visible
from tests.detection.load.harness import SECOND

_one = gevent.socket.getaddrinfo


def _two(*asked: Any, **how: Any) -> list[Any]:  # noqa: ANN401 - the resolver's own
    """Return what the resolver says, and all of it at the second address, too."""
    found = _one(*asked, **how)
    return [*found, *((*kind, (SECOND, *address[1:])) for *kind, address in found)]


gevent.socket.getaddrinfo = _two
