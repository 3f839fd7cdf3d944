"""The locustfile of docs/load.md, in a process of its own, because Locust replaces the sockets of the whole process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]


def test_locustfile_of_the_documentation_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name that it takes from here exists, and Locust finds its users."""
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/load.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    file = tmp_path / "mine.py"
    file.write_text(code, encoding="utf-8")
    monkeypatch.delenv("CA_FILE", raising=False)
    environment = {**os.environ, "API": "https://127.0.0.1", "EMAIL": "e", "PASSWORD": "p"}
    command = [sys.executable, "-m", "locust", "--locustfile", str(file), "--list"]
    listed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    assert {"Reader", "Fast"} <= set(listed.stdout.split())
