"""The file that Locust is given."""

import os
import subprocess
import sys
from pathlib import Path

LOCUSTFILE = Path(__file__).resolve().parents[3] / "loadtests" / "locustfile.py"


def test_it_is_loaded_from_whatever_folder(tmp_path: Path) -> None:
    """The repository's root need not be where a person is: Locust would end with 1, as for a broken platform."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--list"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "ClosedVisitor" in done.stdout) == (0, True), done.stderr
