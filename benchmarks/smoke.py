"""How long the smoke suite takes, from the start of pytest to its verdict: `python -m benchmarks.smoke [--rounds N]`.

The start of the sandbox is part of it. The reference is the same run in one process (`-n 0`), as pytest runs what
nobody distributes; rounds are interleaved. `journeys` is the time from the first synthetic person to the verdict, which
cannot be shorter than the slowest check of them. CPU seconds are those of all processes, the platform's too.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_COMMAND: Final = (sys.executable, "-u", "-m", "pytest", "-q", "-m", "smoke", "--env", "local")
_WAYS: Final = {"as the suite chooses": (), "in one process": ("-n", "0")}


@dataclass(frozen=True, slots=True)
class Run:
    """One run, in seconds; `check` is the slowest, `journeys` all of them together."""

    verdict: float
    journeys: float
    check: float
    cpu: float


def run(*arguments: str) -> Run:
    """Run the suite once. Raises SystemExit when it is not GO: a broken run says nothing of the time."""
    spent = _cpu()
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        with subprocess.Popen(
            [*_COMMAND, f"--run-folder={folder}", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            lines = []
            verdict = 0.0
            for line in process.stdout or ():
                lines.append(line)
                if line.startswith("VERDICT"):
                    verdict = time.time()
        if process.returncode != 0:
            raise SystemExit("".join(lines[-30:]))
        checks = [json.loads(path.read_text())["checks"] for path in Path(folder).rglob("verdict.json")]
        first = min(
            json.loads(line)["at"] for ledger in Path(folder).rglob("*.jsonl") for line in ledger.open(encoding="utf-8")
        )
    return Run(verdict - began, verdict - first / 1e9, max(check["seconds"] for check in checks[0]), _cpu() - spent)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print medians and ranges."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    rounds: int = parser.parse_args().rounds
    runs: dict[str, list[Run]] = {way: [] for way in _WAYS}
    for _ in range(rounds):
        for way, arguments in _WAYS.items():
            runs[way].append(run(*arguments))
    print(f"{'seconds, medians':24} {'to the verdict':>22} {'journeys':>9} {'slowest':>9} {'CPU':>7}")
    for way, those in runs.items():
        took = sorted(one.verdict for one in those)
        journeys, check, cpu = (
            statistics.median(getattr(one, name) for one in those) for name in ("journeys", "check", "cpu")
        )
        shown = f"{statistics.median(took):.1f} ({took[0]:.1f} to {took[-1]:.1f})"
        print(f"{way:24} {shown:>22} {journeys:9.1f} {check:9.1f} {cpu:7.1f}")
    ours, theirs = (statistics.median(one.verdict for one in those) for those in runs.values())
    print(f"{theirs / ours:.1f} times as fast as in one process")


if __name__ == "__main__":
    main()
