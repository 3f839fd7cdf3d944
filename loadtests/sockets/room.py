"""What the machine allows: file descriptors to each process, and ports to connect from to all of them."""

import ipaddress
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_SPARE: Final = 256
"""File descriptors for everything that is no connection."""
_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USABLE: Final = 0.9
"""Of the ports: others connect too, and a port that was just closed waits for a minute."""


class NoRoomError(Exception):
    """This machine does not allow that many connections; the text says which limit, and what to do about it."""


def allow_descriptors(count: int) -> None:
    """Raise the soft limit of open files where `count` connections do not fit; raises `NoRoomError`."""
    needed = count + sum(1 for _ in Path("/proc/self/fd").iterdir()) + _SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise NoRoomError(
            f"{count} connections need {needed} open files, and the hard limit of this process is {hard}: "
            "raise it (`ulimit -Hn`, LimitNOFILE=, or nofile in limits.conf), or divide them among more processes"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        # Not only as far as these need: others ask for theirs.
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else hard, hard))


def most_connections() -> int:
    """How many to one address and port open files and ports leave room for; raises the soft limit for them.

    That is to the hard one, or as far as these need where that has no end.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        allow_descriptors(ports())
        return ports()
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(0, min(ports(), hard - sum(1 for _ in Path("/proc/self/fd").iterdir()) - _SPARE))


def ports() -> int:
    """How many connections one address of this machine can have to one address and port of another."""
    low, high = map(int, _PORTS.read_text(encoding="ascii").split())
    return int((high - low + 1) * _USABLE)


def sources(addresses: Sequence[str], count: int) -> tuple[str, ...]:
    """The addresses to connect from, in turn; none if the system shall choose. Raises `NoRoomError`.

    `count` is of all processes that are known to be on this machine.
    To loopback there are as many addresses to connect from as are needed. To anywhere else there is one, with about
    28,000 ports for each address of the target as Linux is set up.
    """
    each = ports()
    if count <= each * len(addresses):
        return ()
    if all(ipaddress.ip_address(address) in _LOOPBACK for address in addresses):
        return tuple(str(_LOOPBACK[number]) for number in range(1, -(-count // each) + 1))
    raise NoRoomError(
        f"{count} connections from this machine to {len(addresses)} addresses of the target do not fit: its processes "
        f"have ports for {each} to each; use more machines, or widen net.ipv4.ip_local_port_range"
    )


_LOOPBACK: Final = ipaddress.IPv4Network("127.0.0.0/8")
