"""Reads a budget. Reports the first mistake of every line, with its column, what is allowed and what was meant."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn

from fixtures.environments.errors import ConfigurationError, ConfigurationErrors
from fixtures.environments.reading import closest
from loadtests import units
from loadtests.budgets.model import (
    ALL,
    ALWAYS,
    EACH,
    GOOD_WORDS,
    Budget,
    Errors,
    Good,
    GuideNumbers,
    Line,
    Over,
    Percentile,
    Rate,
    Samples,
    Share,
    Span,
    in_words,
)
from loadtests.kinds import DELIVERY
from loadtests.units import TIMES

_TOKEN: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-zµ][\w.]*)|(?P<sign><=|>=|%)|(?P<other>\S)")
_PERCENTILE: Final = re.compile(r"p(\d+(?:\.\d+)?)")
_CLAUSES: Final = ("share over", "errors", "p95", *GOOD_WORDS, "samples", "rate")
_OF_LATENCIES: Final = ("ms", "s")
_OF_RUNS: Final = ("s", "min", "h", "d")
_ALL: Final = ("all", in_words(ALL))
"""How reports, and people, say it."""
_LONGEST: Final = 12
"""Digits of a number: no budget needs more, and arithmetic stays exact."""
_END: Final = "the end of the line"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    column: int


class _Mistake(Exception):  # noqa: N818 - becomes a ConfigurationError
    def __init__(self, column: int, message: str, allowed: str = "", suggestion: str = "") -> None:
        super().__init__(message)
        self.column, self.message, self.allowed, self.suggestion = column, message, allowed, suggestion


class BudgetErrors(ConfigurationErrors):
    """What is wrong with a budget; `understood` are its other lines, `unread` the subjects of those that are wrong."""

    def __init__(self, errors: Sequence[ConfigurationError], understood: Budget, unread: frozenset[str]) -> None:
        super().__init__(errors)
        self.understood, self.unread = understood, unread


def parse_budget(
    text: str,
    *,
    operations: Collection[str],
    journeys: Collection[str],
    guide: GuideNumbers,
) -> Budget:
    """The budget in `text`; raises `BudgetErrors` that name lines and columns.

    `operations` are labels of the contract (`chat sendMessage`), `journeys` names that the profile counts by itself.
    Empty lines and everything after `#` are skipped. A budget without any line that judges the platform is a mistake.
    """
    errors: list[ConfigurationError] = []
    lines: list[Line] = []
    unread: set[str] = set()
    said: dict[object, Line] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        content = raw.split("#", 1)[0].rstrip()
        if not content.strip():
            continue
        try:
            line = _Reader(content, guide, operations, journeys).line()
            first = said.setdefault((line.subject, line.asks), line)
            if first is not line:
                _wrong(1, f"'{first}' asks the same already")
            lines.append(line)
        except _Mistake as mistake:
            unread.add(_subject(content))
            place = f"line {number}, column {mistake.column}"
            errors.append(ConfigurationError("budget", place, mistake.message, mistake.allowed, mistake.suggestion))
    if not errors and all(isinstance(line, Samples | Rate) for line in lines):
        wanted = "at least one line on latency, errors or delivery"
        errors.append(ConfigurationError("budget", "", "the budget judges nothing", wanted))
    budget = Budget(tuple(lines))
    if errors:
        raise BudgetErrors(errors, budget, frozenset(unread))
    return budget


class _Reader:
    """One line, from left to right."""

    def __init__(
        self, content: str, guide: GuideNumbers, operations: Collection[str], journeys: Collection[str]
    ) -> None:
        self._content, self._guide, self._operations, self._journeys = content, guide, operations, journeys
        subject, colon, clause = content.partition(":")
        if not colon:
            self._no_subject()
        self._subject_text = subject
        self._tokens = list(_tokens(clause, len(subject) + 2))
        self._next = 0

    def line(self) -> Line:
        subject = self._subject()
        token = self._peek()
        line = self._clause(subject, token)
        rest = self._peek()
        if rest.text:
            _wrong(rest.column, f"{rest.text!r} is more than the line can hold", _END)
        return line

    def _clause(self, subject: str, token: _Token) -> Line:
        if percentile := _PERCENTILE.fullmatch(token.text):
            self._next += 1
            percent = _number(percentile[1], token.column)
            if not 0 < percent < 100:  # noqa: PLR2004 - per cent
                _wrong(token.column, f"{token.text} is no percentile", "p50, p95, p99.9: between 0 and 100")
            self._sign("<=")
            return Percentile(subject, percent, self._span(), self._provable())
        word = self._word("share", "errors", *GOOD_WORDS, "samples", "rate")
        match word:
            case "share":
                return self._over(subject)
            case "errors":
                self._sign("<=")
                return Errors(subject, self._share(self._guide.error_share), self._provable())
            case "samples":
                self._sign(">=")
                return Samples(subject, self._whole())
            case "rate":
                if subject != ALL:
                    _wrong(token.column, "the rate is that of the whole run", f"{ALL}: rate", f"{ALL}: rate")
                self._sign(">=")
                share = self._share(None, whole=True)
                self._word("of")
                self._word("asked")
                return Rate(subject, share)
        if word == "delivered" and subject != DELIVERY:
            # Else its failures would be counted as messages that did not arrive.
            of_messages = f"{DELIVERY}: delivered"
            _wrong(token.column, "only messages are delivered", f"{of_messages}, or {subject}: succeeded", of_messages)
        good = next(good for good in GOOD_WORDS if good == word)
        self._sign(">=")
        share = self._share(self._guide.availability if good == "available" else None)
        return Good(subject, good, share, self._provable())

    def _over(self, subject: str) -> Over:
        self._word("over")
        limit = self._span()
        if limit.guide and self._peek().text in {"", ","}:
            return Over(subject, limit, Share(self._guide.slow_share, guide=True), self._provable())
        self._sign("<=")
        return Over(subject, limit, self._share(self._guide.slow_share), self._provable())

    def _provable(self) -> Decimal:
        """How long a run has to last to prove the line: `, proven from 3 min`; nothing if it always must."""
        if self._peek().text != ",":
            return ALWAYS
        self._next += 1
        self._word("proven")
        self._word("from")
        token, amount = self._amount("a time, such as 3 min")
        unit = self._peek()
        if unit.text not in _OF_RUNS:
            self._unknown_unit(unit, _OF_RUNS)
        self._next += 1
        if amount == 0:
            _wrong(token.column, "a run lasts longer than that", "more than 0")
        return amount * TIMES[unit.text]

    def _subject(self) -> str:
        name = _subject(self._content)
        known = [ALL, EACH, *self._operations, *self._journeys]
        if name not in known:
            meant = _meant(name, [*known, *_ALL])
            _wrong(
                len(self._subject_text) - len(self._subject_text.lstrip()) + 1,
                f"{name!r} is neither an operation nor a journey" if name else "the line names no subject",
                ", ".join([ALL, EACH, "<service> <operationId>", *sorted(self._journeys)]),
                ALL if meant in _ALL else meant,
            )
        return name

    def _no_subject(self) -> NoReturn:
        column = len(self._content) - len(self._content.lstrip()) + 1
        clause = self._content.strip()
        begins = clause.startswith(_CLAUSES) or _PERCENTILE.match(clause)
        _wrong(column, "there is no colon after a subject", "subject: clause", f"{ALL}: {clause}" if begins else "")

    def _peek(self) -> _Token:
        if self._next < len(self._tokens):
            return self._tokens[self._next]
        return _Token("", "end", len(self._content) + 1)

    def _word(self, *allowed: str) -> str:
        token = self._peek()
        if token.text not in allowed:
            self._unexpected(token, allowed if len(allowed) == 1 else (*allowed, "p95"))
        self._next += 1
        return token.text

    def _sign(self, sign: str) -> None:
        token = self._peek()
        if token.text != sign:
            _wrong(token.column, f"expected {sign}, got {token.text or _END}", sign, sign if token.text else "")
        self._next += 1

    def _share(self, of_guide: Decimal | None, *, whole: bool = False) -> Share:
        if of_guide is not None and self._guided():
            return Share(of_guide, guide=True)
        token, percent = self._amount("a share in %, such as 1 %" + (", or guide" if of_guide is not None else ""))
        sign = self._peek()
        if sign.text != "%":
            _wrong(sign.column, f"expected %, got {sign.text or _END}", "%", "%")
        self._next += 1
        if not 0 < percent < 100 and not (whole and percent == 100):  # noqa: PLR2004 - per cent
            _wrong(token.column, f"no number of samples proves {token.text} %", "more than 0 % and less than 100 %")
        return Share(percent)

    def _span(self) -> Span:
        if self._guided():
            return Span(self._guide.slow, guide=True)
        token, amount = self._amount("a latency, such as 800 ms, or guide")
        unit = self._peek()
        if unit.text not in _OF_LATENCIES:
            self._unknown_unit(unit, _OF_LATENCIES)
        self._next += 1
        if amount == 0:
            _wrong(token.column, "nothing takes no time", "more than 0")
        return Span(amount * TIMES[unit.text])

    def _whole(self) -> int:
        token, amount = self._amount("a whole number, such as 500")
        if amount == 0 or amount != amount.to_integral_value():
            _wrong(token.column, f"{token.text} samples cannot be counted", "a whole number from 1")
        return int(amount)

    def _guided(self) -> bool:
        if self._peek().text != "guide":
            return False
        self._next += 1
        return True

    def _amount(self, allowed: str) -> tuple[_Token, Decimal]:
        token = self._peek()
        if token.kind != "number":
            suggestion = _meant(token.text, ["guide"]) if "guide" in allowed else ""
            _wrong(token.column, f"expected a number, got {token.text or _END}", allowed, suggestion)
        self._next += 1
        return token, _number(token.text, token.column)

    def _unexpected(self, token: _Token, allowed: tuple[str, ...]) -> NoReturn:
        message = f"unknown {token.text!r}" if token.text else "the line ends where a word is due"
        _wrong(token.column, message, ", ".join(allowed), _meant(token.text, allowed))

    def _unknown_unit(self, token: _Token, allowed: tuple[str, ...]) -> NoReturn:
        message = f"unknown unit {token.text!r}" if token.text else "the line ends where a unit is due"
        _wrong(token.column, message, ", ".join(allowed), units.meant(token.text, allowed))


def _subject(content: str) -> str:
    return " ".join(content.partition(":")[0].split())


def _tokens(clause: str, first_column: int) -> Iterator[_Token]:
    for match in _TOKEN.finditer(clause):
        yield _Token(match[0], match.lastgroup or "", first_column + match.start())


def _number(text: str, column: int) -> Decimal:
    if len(text) > _LONGEST:
        _wrong(column, f"{text} has too many digits", f"at most {_LONGEST}")
    return Decimal(text).normalize()


def _meant(text: str, known: Collection[str]) -> str:
    """The known word that was probably meant; short ones have only half in common with what is written for them."""
    return closest(text, known, alike=0.5)


def _wrong(column: int, message: str, allowed: str = "", suggestion: str = "") -> NoReturn:
    raise _Mistake(column, message, allowed, suggestion)
