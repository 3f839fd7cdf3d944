"""No secret that a whole run of the smoke suite has used is in anything that the run leaves or says."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.sandbox.reflecting import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]


def _encoded(secret: str) -> Iterator[str]:
    """Yield the secret and what encodings make of it, wherever in the encoded text it stands."""
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            # Of the digits at both ends some bits are those of the neighbours.
            yield encode(b"\0" * before + raw).decode().rstrip("=")[before + 1 : -2]


def test_no_secret_of_a_whole_run_is_written_anywhere(tmp_path: Path) -> None:
    """Though checks fail on answers that repeat keys and tokens, no output and no file has one, however encoded."""
    folder, seen = tmp_path / "run", tmp_path / "seen"
    seen.mkdir()
    command = [sys.executable, "-m", "pytest", "-m", "smoke", "--env=local", "-p", "tests.sandbox.reflecting"]
    command += ["-l", "--tb=long", "-rA", f"--run-folder={folder}", f"--junitxml={tmp_path / 'own.xml'}"]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, FOLDER: str(seen)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    secrets = {line for file in seen.glob("*.txt") for line in file.read_text(encoding="utf-8").splitlines()}
    assert len(secrets) > 200
    # What a failure says is there to be read: the command that repeats it, and its mask.
    assert "$SYNTHETIC_KEY" in done.stdout
    assert "Bearer $TOKEN" in done.stdout

    written = {str(path): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    assert {Path(name).name for name in written} >= {"verdict.json", "access.log", "green-auth.log"}
    written |= {"stdout": done.stdout, "stderr": done.stderr, "own.xml": (tmp_path / "own.xml").read_text("utf-8")}
    found = {
        (name, form[:4]) for name, text in written.items() for one in secrets for form in _encoded(one) if form in text
    }
    assert found == set()
