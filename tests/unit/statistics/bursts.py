"""Requests whose errors come in bursts: a two-state Markov chain, by its run lengths, so long runs cost nothing."""

import math
from collections.abc import Iterator
from itertools import repeat
from random import Random


def _geometric(random: Random, mean: float) -> int:
    """A run length of 1 or more with this mean."""
    return 1 if mean <= 1 else 1 + int(math.log(1 - random.random()) / math.log1p(-1 / mean))


def runs_of_blocks(
    random: Random, *, share: float, length: float, seconds: int, rate: int
) -> Iterator[tuple[int, int, int]]:
    """`seconds` blocks of `rate` requests as (requests, bad ones, times in turn); blocks without errors are joined.

    This share of the requests fails, in bursts of this mean length; 1 / (1 - share) is that of independent errors.
    """
    gap = length * (1 - share) / share
    failing = random.random() < share
    left = _geometric(random, length if failing else gap)
    second = 0
    while second < seconds:
        if not failing and left > rate:
            clean = min((left - 1) // rate, seconds - second)
            second, left = second + clean, left - clean * rate
            yield rate, 0, clean
            continue
        bad = room = 0
        while room < rate:
            step = min(left, rate - room)
            room, left = room + step, left - step
            bad += step if failing else 0
            if not left:
                failing = not failing
                left = _geometric(random, length if failing else gap)
        second += 1
        yield rate, bad, 1


def blocks(random: Random, *, share: float, length: float, seconds: int, rate: int) -> Iterator[tuple[int, int]]:
    """The same, block by block."""
    for n, bad, times in runs_of_blocks(random, share=share, length=length, seconds=seconds, rate=rate):
        yield from repeat((n, bad), times)
