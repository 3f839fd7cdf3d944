"""Why there are no people to make load with."""

from collections.abc import Sequence

from loadtests.numbers import few


class PeopleError(Exception):
    """The pool cannot be made: `what` is wrong, `how` to mend it, and `left`, in words, what could not be removed."""

    def __init__(self, what: str, how: str, left: Sequence[str] = ()) -> None:
        self.what = what
        self.how = how
        self.left = tuple(left)
        stayed = few([f"left behind: {one}" for one in left], "which the ledger names")
        super().__init__("; ".join([what, how, *stayed]))
