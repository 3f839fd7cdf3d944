"""Options of the load tests on Locust's command line, and in its configuration files.

Which profile is run is said by Locust's own `--profile`. Users, rates and times are the profile's.
"""

import socket
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Protocol

from loadtests.conductor.configuring import Asked


class Parser(Protocol):
    """What of Locust's parser is used."""

    def add_argument_group(self, title: str) -> Any:  # noqa: ANN401 - argparse has no name for it
        """Begin a group."""

    def set_defaults(self, **values: object) -> None:
        """Change what holds when nothing is said."""


def add_options(parser: Parser) -> None:
    """Add ours; none of them is a field of Locust's page, which starts what the command line says."""
    group = parser.add_argument_group("verification of the Social Platform")
    add = group.add_argument
    add("--env", metavar="NAME|FILE", help="environment to load (default: VERIFY_ENV, the profile's, else the sandbox)")
    add("--run-folder", metavar="DIR", help="where this run writes its evidence (default: runs/<run id>)")
    add("--for", dest="lasting", metavar="TIME", help="stretch the profile to this time, such as '1 min'")
    add("--rate-scale", metavar="FACTOR", help="multiply all load of the profile, such as by 0.1")
    add(
        "--stop-when-decided",
        action="store_true",
        help="end as soon as the verdict is certain; looking every second makes it wrong no more often",
    )
    add(
        "--alongside",
        metavar="RUN",
        action="append",
        default=[],
        help="run though the run of this id is made against the same target; both measure each other then",
    )


def choose_port(parser: Parser, arguments: Sequence[str]) -> None:
    """Let the processes that Locust makes talk at a port of their own, unless one is said.

    At Locust's default port two runs on one machine would end each other, with the exit code of a broken platform.
    """
    if any(argument.startswith("--processes") for argument in arguments):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        parser.set_defaults(master_bind_port=port, master_port=port)


def asked(options: Namespace) -> Asked:
    """What the command line asks for."""
    return Asked(
        profile=options.profile,
        env=options.env,
        lasting=options.lasting,
        rate=options.rate_scale,
        host=options.host,
    )
