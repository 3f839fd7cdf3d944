"""Runs a small suite in a folder of its own and reads the verdict it leaves."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

REPOSITORY = Path(__file__).parents[2]
SCHEMA = json.loads((REPOSITORY / "fixtures/runs/verdict.schema.json").read_text())

CONFTEST = """
import pytest
from fixtures.environments import Environment

def environment(**changes):
    given = dict(name="local", slot="live", source="test", api="https://127.0.0.1:1", live_api="https://127.0.0.1:1",
                 issuer="i", reported_environment="production", strict=False)
    return Environment(**(given | changes))

def pytest_verify_environment(config):
    return environment()
"""


@dataclass
class Ended:
    code: int
    out: str
    folder: Path
    verdict: dict[str, Any] = field(default_factory=dict)


@dataclass
class Suite:
    pytester: pytest.Pytester

    def write(self, conftest: str = "", **checks: str) -> None:
        self.pytester.makepyfile(**{"suites/__init__": "", "suites/smoke/__init__": ""})
        for name, text in checks.items():
            self.pytester.makepyfile(**{f"suites/smoke/test_{name}": f"import pytest\n{text}"})
        self.pytester.makeconftest(CONFTEST + conftest)

    def command(self, *args: str) -> list[str]:
        return ["-p", "xdist", "-p", "fixtures.runs.plugin", "-p", "no:cacheprovider", "--run-folder", "out", *args]

    def run(self, *args: str, target: str = "suites/smoke") -> Ended:
        result = self.pytester.runpytest_subprocess(*self.command(target, *args), timeout=60)
        return self.read(int(result.ret), result.stdout.str() + result.stderr.str())

    def read(self, code: int, out: str) -> Ended:
        folder = self.pytester.path / "out"
        ended = Ended(code, out, folder)
        if (folder / "verdict.json").exists():
            ended.verdict = json.loads((folder / "verdict.json").read_text())
            jsonschema.validate(ended.verdict, SCHEMA)
            assert ended.verdict["exit_code"] == code
            assert f"VERDICT  {ended.verdict['verdict']}  (exit code {code})" in out
        return ended
