"""What a process ends with when it breaks: 3. Python's own code for it is 1, which says that the platform failed.

Importing this is enough, and comes first: a library that is missing is such a break, too. So would be a terminal that
is not there (`>&-`): Python has None for it, and what is said goes nowhere instead.
"""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn

INTERNAL_ERROR: Final = 3
INCONCLUSIVE: Final = 75
_BROKE: Final = "Locust or its load tests broke before there was a verdict"
_TAKEN: Final = "another run has this port: end it, or choose one (--master-bind-port, and --master-port of workers)"


def breaks(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> NoReturn:
    """Show what nobody caught, and end the process; Ctrl-C is no break."""
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("INCONCLUSIVE: Ctrl-C before the run had begun\n")
        raise SystemExit(INCONCLUSIVE)
    traceback.print_exception(error)
    why = _TAKEN if str(error).startswith("Socket bind failure") else _BROKE
    sys.stderr.write(f"INVALID: internal-error: {why}\n")
    raise SystemExit(INTERNAL_ERROR)


for _name in ("stdout", "stderr"):
    if getattr(sys, _name) is None:
        setattr(sys, _name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
sys.excepthook = breaks
