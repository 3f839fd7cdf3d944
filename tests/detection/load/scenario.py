"""What a scenario is: what is broken while a load test runs, and what its verdict must then be and name."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from fixtures.sandbox.faults.model import Way
from tests.detection.load import harness
from tests.detection.load.harness import Generator


class Sound:
    """Nothing of the sandbox is broken."""

    def broken(self, _layout: object, _slot: str, /) -> AbstractContextManager[None]:
        """Break nothing."""
        return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that befalls platform or generator, and what a load test must say of it.

    `profile` is a file of `tests/detection/load/profiles`; `way` breaks the sandbox from before the run to its end,
    `trouble` the generator or the target once arrivals have begun. `verdict` is what must come of it, `cause` which
    cause if that is INVALID. One reason of that verdict, the headline of one cause, or one note, must contain every
    word of `names`, and one step of what to do next must say `step`.
    """

    id: str
    breaks: str
    ids: tuple[str, ...] = ()
    profile: str
    verdict: str
    cause: str = ""
    names: tuple[str, ...]
    step: str = ""
    way: Way = field(default_factory=Sound)
    trouble: Callable[[Generator], AbstractContextManager[None]] = harness.nothing
    layout: harness.Layout = harness.ONE
