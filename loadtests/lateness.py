"""How late a loop came round, as those feel it who depend on it."""

from collections.abc import Iterator


def looks(late: float, every: float) -> Iterator[float]:
    """How late each look at a loop was, of which one is due `every` seconds and the first was `late`.

    A stall is one look for each that fell into it: whoever came then would have waited.
    """
    while late > every:
        yield late
        late -= every
    yield max(0.0, late)
