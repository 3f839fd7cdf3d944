"""Why there are no people to make load with."""

from collections.abc import Sequence


class PeopleError(Exception):
    """The pool cannot be made: `what` is wrong, `how` to mend it, and `left`, in words, what could not be removed."""

    def __init__(self, what: str, how: str, left: Sequence[str] = ()) -> None:
        self.what = what
        self.how = how
        self.left = tuple(left)
        # Not who is left: a run tells that in a note of its own.
        super().__init__(f"{what}; {how}")
