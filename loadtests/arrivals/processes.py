"""Draws arrivals at a rate of 1, evenly or at random, each process its share of them, without loss or repetition.

At random means a Poisson process. It is the sum of `LANES` independent Poisson processes, and each lane belongs to one
process of the run. So the arrivals of all processes together are the same however many processes there are, each draws
only its own, and those of each are a Poisson process as well.

Every arrival comes with a number from 0 to less than 1, by which its journey is chosen.
"""

from collections.abc import Iterator
from heapq import heapify, heapreplace
from math import sqrt
from random import Random
from typing import Final

LANES: Final = 840
"""The most processes; divides evenly by each number to 8, by 10, 12, 14, 15, 20 and more."""
_GOLDEN: Final = (sqrt(5) - 1) / 2
"""Its multiples, less their whole parts, lie as evenly as any can, also if only every second or third is taken."""


def even(total: float, seed: str, share: int = 0, of: int = 1) -> Iterator[tuple[float, float]]:
    """This share's counts below `total`, as many as `total` rounds to in all shares: half a gap away from either end.

    Raises `ValueError` for a share that does not exist.
    """
    _check(share, of)
    choice = _seeded(seed).random()
    for index in range(share, round(total), of):
        yield index + 0.5, (choice + index * _GOLDEN) % 1.0


def poisson(total: float, seed: str, share: int = 0, of: int = 1) -> Iterator[tuple[float, float]]:
    """This share's counts below `total`, ascending. Raises `ValueError` for a share that does not exist."""
    _check(share, of)
    rate = 1 / LANES
    generators = [_seeded(f"{seed} {lane}") for lane in range(share, LANES, of)]
    lanes = [(generator.expovariate(rate), index) for index, generator in enumerate(generators)]
    heapify(lanes)
    count, index = lanes[0]
    while count < total:
        generator = generators[index]
        yield count, generator.random()
        heapreplace(lanes, (count + generator.expovariate(rate), index))
        count, index = lanes[0]


def _check(share: int, of: int) -> None:
    if not 0 <= share < of <= LANES:
        raise ValueError(f"there is no share {share} of {of}: at most {LANES}, counted from 0")


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - a schedule is repeatable, not secret
