"""Reads Prometheus' text format: samples only. Types, help, exemplars and timestamps are read past."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LONGEST_LINE: Final = 8 << 10
"""Characters. An expression keeps all threads waiting until it is done with a line."""
# Nothing is given back that was taken: what a line has much of would be tried in all ways to divide it.
_SAMPLE: Final = re.compile(
    r"""([a-zA-Z_:][\w:]*+)[ \t]*+(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*+")*+)\})?+[ \t]*+([^\s#{}]++)(?:[ \t].*+)?""",
    re.ASCII,
)
_LABEL: Final = re.compile(r'[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|\Z)', re.ASCII)
_ESCAPED: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"n": "\n"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples(text: str) -> Iterator[Sample]:
    """Every sample of the text. Raises `ValueError` that names the first line that is none."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if not stripped or stripped.startswith("#"):
            continue
        if len(stripped) > LONGEST_LINE:
            raise ValueError(f"line {number} has {len(stripped)} characters, and {LONGEST_LINE} are read")
        found = _SAMPLE.fullmatch(stripped)
        if found is None:
            raise ValueError(f"line {number} is no sample: {line[:60]!r}")
        try:
            yield Sample(found[1], _labels(found[2] or ""), float(found[3]))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error


def _labels(text: str) -> dict[str, str]:
    labels, position = {}, 0
    while text[position:].strip(" \t"):
        label = _LABEL.match(text, position)
        if label is None:
            raise ValueError(f"not labels: {text[:60]!r}")
        labels[label[1]] = _ESCAPED.sub(lambda escaped: _ESCAPES.get(escaped[1], escaped[1]), label[2])
        position = label.end()
    return labels
