"""Why there are no people to make load with."""

from collections.abc import Sequence
from typing import Final

_SHOWN: Final = 3


class PeopleError(Exception):
    """The pool cannot be made: `what` is wrong, `how` to mend it, and `left`, in words, what could not be removed."""

    def __init__(self, what: str, how: str, left: Sequence[str] = ()) -> None:
        self.what = what
        self.how = how
        self.left = tuple(left)
        more = len(self.left) - _SHOWN
        rest = [f"and {more} more, which the ledger names"] if more > 0 else []
        super().__init__("; ".join([what, how, *(f"left behind: {one}" for one in self.left[:_SHOWN]), *rest]))
