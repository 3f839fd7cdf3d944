"""Options of the load tests on Locust's command line, and in its configuration files.

Which profile is run is said by Locust's own `--profile`. Users, rates and times are the profile's.
"""

import os
import re
import socket
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from fixtures.environments.errors import ConfigurationError
from fixtures.environments.reading import closest
from fixtures.runs.verdict import ExitCode
from loadtests.conductor.configuring import Asked
from loadtests.profiles.load import known_profiles

_NUMBER: Final = re.compile(r"(?:^|=)[\d.]+\Z")
_LOCUSTS: Final = {
    "--users": "num_users",
    "--spawn-rate": "spawn_rate",
    "--run-time": "run_time",
    "--tags": "tags",
    "--exclude-tags": "exclude_tags",
}
"""Who gives one of these believes in another load than the profile's, and in its verdict."""
_FILES: Final = {"html_file": "", "json_file": "", "csv_prefix": "_stats.csv", "logfile": ""}
"""What Locust writes where it is told to, some of it only when the run is over; and how their names end."""


def add_options(parser: ArgumentParser) -> None:
    """Add ours; none of them is a field of Locust's page, which starts what the command line says."""
    group = parser.add_argument_group("verification of the Social Platform")
    add = group.add_argument
    add("--env", metavar="NAME|FILE", help="environment to load (default: VERIFY_ENV, the profile's, else the sandbox)")
    add(
        "--run-folder",
        metavar="DIR",
        help="where this run writes its evidence (default: VERIFY_RUN_FOLDER, else runs/<run id>)",
    )
    add("--for", dest="lasting", metavar="TIME", help="stretch the profile to this time, such as '1 min'")
    add("--rate-scale", metavar="FACTOR", help="multiply all load of the profile, such as by 0.1")
    add(
        "--stop-when-decided",
        action="store_true",
        help="end as soon as the verdict is certain: as NO-GO at any time, which looking every second makes wrong no "
        "more often; as GO by 135 seconds or more in which the load changes no more, which is wrong more often than by "
        "the whole time where failures come in bursts (docs/statistics.md)",
    )
    add(
        "--alongside",
        metavar="RUN",
        action="append",
        default=[],
        help="run though the run of this id is made against the same target, so that both measure each other; "
        "may be repeated",
    )


def choose_port(parser: ArgumentParser) -> None:
    """Let the processes that Locust makes talk at a port of their own, unless one is said.

    At Locust's default port two runs on one machine would end each other, with the exit code of a broken platform.
    Processes that are all workers (`--worker`) look for their master where it is.
    """
    parse = parser.parse_known_args

    def parse_twice(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - argparse's
        # Who makes processes says so on the command line, in a file or by a variable: known only when all is read.
        options, rest = parse(*arguments, **named)
        if not options.processes or options.worker:
            return options, rest
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        parser.set_defaults(master_bind_port=port, master_port=port)
        return parse(*arguments, **named)

    parser.parse_known_args = parse_twice  # type: ignore[method-assign]  # it is Locust that makes the parser


def refuse_as_configuration(parser: ArgumentParser, users: Sequence[str], arguments: Sequence[str]) -> None:
    """End with the code of a wrong configuration for what is misspelt on the command line, `users` among it.

    Locust itself ends with 1 for a user that there is not, as if the platform had failed. And what begins an option is
    taken for it: `--stop-when-decide` would be obeyed, until there is another option that begins so.
    """
    strays: list[str] = []

    def error(message: str) -> NoReturn:
        # A misspelt option leaves its value behind, which would be told as a user that there is not.
        wrong = _misspelt(parser, arguments) or strays or [f"command line: {message}"]
        told = "".join(f"  {one}\n" for one in wrong)
        parser.exit(int(ExitCode.BAD_CONFIGURATION), f"INVALID: bad-configuration:\n{told}")

    def user(name: str) -> str:
        if name not in users:
            strays.append(_stray(name, users, arguments))
            raise ArgumentTypeError(strays[-1])
        return name

    parser.allow_abbrev = False
    parser.error = error  # type: ignore[method-assign]  # it is Locust that makes the parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to them
        if action.dest == "user_classes":
            action.type = user
        elif action.dest in _FILES:
            action.type = partial(_writable, ending=_FILES[action.dest])


def _writable(name: str, ending: str) -> str:
    """The name of a file that can be made; nothing is, yet."""
    file = Path(name + ending).absolute()
    there = next(place for place in (file, *file.parents) if os.access(place, os.F_OK))
    if name and not (os.access(there, os.W_OK) and there.is_dir() == (there != file)):
        kind = "file" if there == file else "folder"
        raise ArgumentTypeError(f"{name!r} cannot be written: {there} is no {kind} that we may write to")
    return name


def _misspelt(parser: ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """What begins as an option and is none, each once."""
    known = {option for action in parser._actions for option in action.option_strings}  # noqa: SLF001 - as above
    words = dict.fromkeys(argument.partition("=")[0] for argument in arguments if argument.startswith("--"))
    return [
        str(ConfigurationError("command line", word, "there is no such option", "", closest(word, known)))
        for word in words
        if word not in known and word != "--"
    ]


def _stray(word: str, users: Sequence[str], arguments: Sequence[str]) -> str:
    """A word by itself that is no user: a unit that a shell parted from its number, or a profile, perhaps."""
    place = arguments.index(word) if word in arguments else 0
    number = arguments[place - 1] if place and _NUMBER.search(arguments[place - 1]) else ""
    if number:
        option = f"{arguments[place - 2]} " if arguments[place - 2].startswith("--") else ""
        meant = f'{option}"{number} {word}"'
    else:
        meant = f"--profile {word}" if word in known_profiles() else closest(word, users)
    return str(ConfigurationError("command line", word, "is no option and no user", ", ".join(users), meant))


def asked(options: Namespace) -> Asked:
    """What the command line asks for."""
    return Asked(
        profile=options.profile,
        env=options.env,
        lasting=options.lasting,
        rate=options.rate_scale,
        host=options.host,
        folder=options.run_folder,
        locusts=tuple(option for option, field in _LOCUSTS.items() if getattr(options, field, None) is not None),
        processes=options.expect_workers,  # Locust sets it by --processes, too
    )
