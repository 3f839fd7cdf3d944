"""How a service process is set up."""

import subprocess
import sys

_ALLOWS = """
import resource
from fixtures.sandbox.services import run
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
run._allow_connections()
soft, after = resource.getrlimit(resource.RLIMIT_NOFILE)
assert after == hard
assert soft == (run.MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, run.MOST_FILES)) > 300, soft
"""


def test_a_service_holds_as_many_connections_as_the_machine_allows() -> None:
    """The soft limit of open files, which is 1024 on many machines, bounds no number of websockets."""
    done = subprocess.run([sys.executable, "-c", _ALLOWS], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
