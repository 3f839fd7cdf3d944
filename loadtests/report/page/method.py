"""How it was judged, and what is assumed."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.report.markup import tag
from loadtests.report.model import LoadRun

_ASSUMED: Final = (
    "Bad samples clump no more than they were seen to: no run excludes an outage that comes less often than it lasted.",
    "A second is one block: what ends in one second is not taken as independent of each other, seconds are.",
    "The load is that of the profile. Other mixes, more people and other times of day are other questions.",
)


def method(run: LoadRun) -> Iterator[Element]:
    """For who doubts, rightly."""
    levels = run.profile.levels
    yield tag("h2", "How it was judged")
    yield tag("p", run.verdict.sharing)
    yield tag(
        "p",
        f"A false NO-GO of the whole run has probability at most {levels.alpha:g}, a false GO at most {levels.beta:g}. "
        "Every share is counted exactly, over all processes; quantiles are for pictures and decide nothing.",
    )
    yield tag("h3", "What is assumed")
    yield tag("ul", *(tag("li", text) for text in _ASSUMED))
