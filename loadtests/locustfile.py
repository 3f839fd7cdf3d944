"""The one file that Locust is given: `locust --config loadtests/profiles/smoke.conf` from the repository's root.

From another folder it is `--locustfile PATH/loadtests/locustfile.py`, with the options that the configuration has.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from locust import events
from locust.env import Environment

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import loadtests.breaking  # noqa: F401 - first: whatever breaks after it, breaks with its code
from loadtests.conductor.schedule import Schedule
from loadtests.conductor.wiring import conduct
from loadtests.options import add_options, choose_port, refuse_as_configuration
from loadtests.users import ClosedVisitor, IdleConnections, OpenVisitors, RateUser

__all__ = ["ClosedVisitor", "IdleConnections", "OpenVisitors", "RateUser", "Schedule"]


def _options(parser: ArgumentParser, **_: Any) -> None:  # noqa: ANN401 - whatever else Locust says
    add_options(parser)
    choose_port(parser)
    refuse_as_configuration(parser, [name for name in __all__ if name != Schedule.__name__], sys.argv)


def _conduct(environment: Environment, **_: Any) -> None:  # noqa: ANN401
    conduct(environment)


events.init_command_line_parser.add_listener(_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_conduct)  # type: ignore[no-untyped-call]
