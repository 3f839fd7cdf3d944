"""The engine against its references: `python -m benchmarks.engine [--rounds N] [--seconds S] [--only NAME]`.

The target is nginx on the last core, the generator is on the first; the engine runs inside a process of Locust. Rounds
are interleaved, and what is compared is requests for each second of the generator's own CPU time, so that other work
on the machine distorts little. Figures are medians of the rounds' ratios. Linux only; wrk comes from the system.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import operator
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.targets import Nginx, nginx, wrk

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[1]
_PATIENCE_S: Final = 60.0
_CALM: Final = 0.004
"""A round is calm if no more than this share of its time was `kept` from it. One in a hundred arrivals may be late, and
what is kept makes more than twice as many late: those that come while the others are caught up with are late, too."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what was measured, in each round, and what was wanted."""

    what: str
    rounds: tuple[float, ...]
    wanted: str
    met: Callable[[float], bool]
    detail: str = ""

    def __str__(self) -> str:
        middle = statistics.median(self.rounds)
        spread = f"{min(self.rounds):.3f} .. {max(self.rounds):.3f}"
        word = "met" if self.met(middle) else "MISSED"
        return f"{self.what:44} {middle:9.3f}  {spread:20} {self.wanted:18} {word:7} {self.detail}"


def generate(name: str, url: str, *options: str, begun: Callable[[float], None] | None = None) -> dict[str, float]:
    """Run one generator in a process of its own, and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.generators", name, url, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(_PATIENCE_S, process.kill)
        watchdog.start()
        last = ""
        for line in process.stdout or ():
            last = line
            if begun is not None and line.startswith("begins "):
                begun(float(line.split()[1]))
        watchdog.cancel()
    if process.returncode:
        raise SystemExit(f"the generator {name} failed with {process.returncode}")
    measured: dict[str, float] = json.loads(last)
    if measured["failed"]:
        raise SystemExit(f"{measured['failed']} requests of {name} failed")
    return measured


def _per_cpu(measured: dict[str, float]) -> float:
    return measured["requests"] / measured["cpu"]


def against_wrk(  # noqa: PLR0913 - each is a fact of the line
    what: str, url: str, path: str, ca: Path, chosen: argparse.Namespace, *, least: float = 0.9
) -> list[Line]:
    """Plain GETs, as fast as one core can."""
    if shutil.which("wrk") is None:
        print(f"{what:44} skipped: wrk is not installed (the package wrk of the system)")
        return []
    ours, theirs = [], []
    for _ in range(chosen.rounds):
        theirs.append(wrk(url + path, chosen.seconds))
        options = ("--ca", str(ca), "--path", path, "--seconds", str(chosen.seconds))
        ours.append(_per_cpu(generate("get", url, *options)))
    ratios = tuple(mine / reference for mine, reference in zip(ours, theirs, strict=True))
    detail = f"{statistics.median(ours):,.0f} and {statistics.median(theirs):,.0f} for each CPU second"
    return [Line(what, ratios, f">= {least:g} x wrk" if least else "no goal", partial(operator.le, least), detail)]


def plain(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """HTTP."""
    return against_wrk("plain GET, HTTP", target.http, "/", target.ca_file, chosen)


def tls(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """TLS 1.3."""
    return against_wrk("plain GET, TLS 1.3", target.https, "/", target.ca_file, chosen)


def unique(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """Answers whose heads all differ, so that none is familiar."""
    return against_wrk("plain GET, each head differs", target.http, "/unique", target.ca_file, chosen, least=0)


def checked(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """JSON out and in."""
    ours, theirs = [], []
    for _ in range(chosen.rounds):
        options = ("--seconds", str(chosen.seconds))
        theirs.append(_per_cpu(generate("fasthttpuser", target.http, *options)))
        ours.append(_per_cpu(generate("json", target.http, *options)))
    ratios = tuple(mine / reference for mine, reference in zip(ours, theirs, strict=True))
    detail = f"{statistics.median(ours):,.0f} and {statistics.median(theirs):,.0f} for each CPU second"
    return [Line("JSON out and in, checked", ratios, ">= 10 x FastHttp", lambda ratio: ratio >= 10, detail)]  # noqa: PLR2004


def arrivals(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """20,000 Poisson arrivals a second."""
    options = ("--rate", "20000", "--poisson", "--seconds", str(chosen.seconds))
    rounds, floors = [], []
    for _ in range(chosen.rounds):
        rounds.append(generate("arrivals", target.http, *options))
        floors.append(generate("floor", target.http, *options))
    calm = [measured for measured in rounds if measured["kept"] <= _CALM]
    reached = statistics.median(measured["requests"] / measured["asked"] for measured in rounds)
    detail = f"median lag {_ms(rounds, 'lag 0.5')}, {reached:.2%} answered"
    return [
        Line(
            f"20,000 arrivals a second, lag p{name} (ms)",
            tuple(measured[key] * 1000 for measured in rounds),
            f"<= {most:g} ms",
            partial(operator.ge, most),
            f"{detail}; {len(calm)} calm rounds {_ms(calm, key)}; the machine alone {_ms(floors, key)}",
        )
        for name, key, most in (("99", "lag 0.99", 0.1), ("99.9", "lag 0.999", 1.0))
    ]


def _ms(rounds: list[dict[str, float]], key: str) -> str:
    return f"{statistics.median(measured[key] for measured in rounds) * 1000:.4f} ms" if rounds else "-"


def frozen(target: Nginx, chosen: argparse.Namespace) -> list[Line]:
    """A target that stops for one second in every five, at 1,000 arrivals a second for 20 s."""
    rounds = []
    for _ in range(chosen.rounds):
        options = ("--rate", "1000", "--seconds", "20")
        freezer: list[threading.Thread] = []

        def freeze(begins: float, freezer: list[threading.Thread] = freezer) -> None:
            freezer.append(threading.Thread(target=_freeze, args=(target.pid, begins)))
            freezer[0].start()

        rounds.append(generate("arrivals", target.http, *options, begun=freeze))
        freezer[0].join()
    return [
        Line(
            "frozen 1 s in 5: p95 (ms)",
            tuple(measured["p95"] * 1000 for measured in rounds),
            "750 +- 3 %",
            lambda p95: abs(p95 - 750) <= 0.03 * 750,
        ),
        Line(
            "frozen 1 s in 5: share over 500 ms (%)",
            tuple(measured["share"] * 100 for measured in rounds),
            "10 +- 1",
            lambda share: abs(share - 10) <= 1,
            f"{rounds[0]['asked']:.0f} asked, {rounds[0]['requests']:.0f} counted",
        ),
    ]


def _freeze(pid: int, begins: float) -> None:
    for at in range(4, 20, 5):  # the last one until the schedule ends: what is in flight then is drained
        for moment, what in ((at, signal.SIGSTOP), (at + 1, signal.SIGCONT)):
            time.sleep(max(0.0, begins + moment - time.perf_counter()))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)


ALL: Final = {
    "plain": plain,
    "tls": tls,
    "unique": unique,
    "json": checked,
    "arrivals": arrivals,
    "frozen": frozen,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", choices=ALL, help="one of the measurements")
    chosen = parser.parse_args()
    print(f"{'what':44} {'median':>9}  {'rounds':20} {'goal':18}")
    with nginx() as target:
        for name, measure in ALL.items():
            if chosen.only in {None, name}:
                for line in measure(target, chosen):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
