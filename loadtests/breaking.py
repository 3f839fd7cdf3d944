"""Has a process that crashes end with 3. Python's own exit code for that is 1, which would read as NO-GO.

To import this is enough. Import it first, so that a library that is missing ends with 3 as well. Where a standard
stream is closed (`>&-`), Python has None for it, and writing would crash: what is written goes nowhere then. Its
descriptor would be that of the next thing that is opened, and libuv, on which the engine runs, aborts the process when
it is to close one of these three.
"""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn

INTERNAL_ERROR: Final = 3
INCONCLUSIVE: Final = 75
_STDERR: Final = 2
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


def _take_standard_descriptors() -> None:
    """Let nothing else be opened as one of the first three."""
    while (free := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(free, True)  # noqa: FBT003 - its own signature
    os.close(free)


_take_standard_descriptors()
for _name in ("stdout", "stderr"):
    if getattr(sys, _name) is None:
        setattr(sys, _name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
sys.excepthook = breaks
