"""How late an event loop is for those who depend on it, measured by checks at a fixed interval."""

from collections.abc import Iterator


def looks(late: float, every: float) -> Iterator[float]:
    """How late each check was, in seconds, where one is due `every` seconds and the first came `late`.

    A stall delays all checks that were due while it lasted, and each of them counts: work that had come in at that time
    would have waited as long. To count the stall once would hide how long it was.
    """
    while late > every:
        yield late
        late -= every
    yield max(0.0, late)
