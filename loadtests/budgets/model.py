"""The lines of a budget as values. Printing one gives text that reads as the same value.

A line on a share may say how long a run must last to prove it (`provable`, in seconds; 0: any run must). In a shorter
run the line is watched: it still makes the run NO-GO when it is proven broken, and keeps it from GO when more was bad
than is allowed, but nobody asks for the proof that it holds.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from loadtests.numbers import trimmed

ALL: Final = "*"
"""All operations of the contract, taken together."""
EACH: Final = "each"
"""Every operation of the contract that the run calls, by itself."""
GoodWord: TypeAlias = Literal["delivered", "succeeded", "available"]
GOOD_WORDS: Final[tuple[GoodWord, ...]] = ("delivered", "succeeded", "available")
ALWAYS: Final = Decimal(0)
"""Of `provable`: however short a run is, it must prove the line."""


@dataclass(frozen=True, slots=True)
class GuideNumbers:
    """The numbers that `guide` stands for: LOD-01 (more than `slow` for more than `slow_share`), LOD-02, SVC-05."""

    slow: Decimal
    """Seconds."""
    slow_share: Decimal
    """Per cent of requests that may take longer than `slow`."""
    error_share: Decimal
    """Per cent of requests that may fail."""
    availability: Decimal
    """Per cent of requests that must succeed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A latency: seconds, and whether it is the guide's."""

    seconds: Decimal
    guide: bool = False

    def __str__(self) -> str:
        """`guide`, `800 ms` or `1.5 s`."""
        if self.guide:
            return "guide"
        if self.seconds < 1:
            return f"{plain(self.seconds * 1000)} ms"
        return f"{plain(self.seconds)} s"


@dataclass(frozen=True, slots=True)
class Share:
    """A share: per cent, and whether it is the guide's."""

    percent: Decimal
    guide: bool = False

    def __str__(self) -> str:
        """`guide` or `99.9 %`."""
        return "guide" if self.guide else f"{plain(self.percent)} %"

    @property
    def fraction(self) -> float:
        """As a fraction of 1."""
        return float(self.percent / 100)


@dataclass(frozen=True, slots=True)
class Over:
    """At most this share takes longer than this."""

    subject: str
    limit: Span
    share: Share
    provable: Decimal = ALWAYS

    @property
    def asks(self) -> tuple[str, Decimal]:
        """What may be asked once of a subject."""
        return "over", self.limit.seconds

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: share over {self.limit} <= {self.share}{_proof(self.provable)}"


@dataclass(frozen=True, slots=True)
class Errors:
    """At most this share fails."""

    subject: str
    share: Share
    provable: Decimal = ALWAYS

    @property
    def asks(self) -> tuple[str]:
        """What may be asked once of a subject."""
        return ("errors",)

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: errors <= {self.share}{_proof(self.provable)}"


@dataclass(frozen=True, slots=True)
class Percentile:
    """This percentile is at most this: the same as 'at most the rest takes longer', and judged so, exactly."""

    subject: str
    percent: Decimal
    limit: Span
    provable: Decimal = ALWAYS

    @property
    def asks(self) -> tuple[str, Decimal]:
        """What may be asked once of a subject."""
        return "percentile", self.percent

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: p{plain(self.percent)} <= {self.limit}{_proof(self.provable)}"


@dataclass(frozen=True, slots=True)
class Good:
    """At least this share is delivered (exactly once), succeeds, or is available: the reverse of errors."""

    subject: str
    word: GoodWord
    share: Share
    provable: Decimal = ALWAYS

    @property
    def asks(self) -> tuple[str]:
        """What may be asked once of a subject."""
        return (self.word,)

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: {self.word} >= {self.share}{_proof(self.provable)}"


@dataclass(frozen=True, slots=True)
class Samples:
    """At least so many samples, or the run proves nothing."""

    subject: str
    minimum: int

    @property
    def asks(self) -> tuple[str]:
        """What may be asked once of a subject."""
        return ("samples",)

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: samples >= {self.minimum}"


@dataclass(frozen=True, slots=True)
class Rate:
    """At least this share of the arrivals asked for was started, or the run proves nothing."""

    subject: str
    share: Share

    @property
    def asks(self) -> tuple[str]:
        """What may be asked once of a subject."""
        return ("rate",)

    def __str__(self) -> str:
        """As written in a budget."""
        return f"{self.subject}: rate >= {self.share} of asked"


Line: TypeAlias = Over | Errors | Percentile | Good | Samples | Rate
ShareLine: TypeAlias = Over | Errors | Percentile | Good


@dataclass(frozen=True, slots=True)
class Budget:
    """All lines, in their order."""

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        """One line of text for each."""
        return "".join(f"{line}\n" for line in self.lines)


def in_words(subject: str) -> str:
    """A subject as a sentence names it."""
    return "all operations" if subject == ALL else subject


def _proof(provable: Decimal) -> str:
    if not provable:
        return ""
    return f", proven from {plain(provable / 60)} min" if not provable % 60 else f", proven from {plain(provable)} s"


def plain(number: Decimal) -> str:
    """Without exponent and without zeros that say nothing."""
    return trimmed(f"{number:f}")
