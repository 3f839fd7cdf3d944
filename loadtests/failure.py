"""How a sample failed: in few words for statistics, and in more for a person."""

import re
from typing import Final

UNANSWERED: Final = "unanswered at the end"
"""Cause of what was still under way when the time to drain was over."""

OWN: Final = "generator: "
"""How a cause begins when the machine that makes the load had no more of something: no failure of the platform."""
NO_ROOM: Final = f"{OWN}no connection left that open files and ports allow"
"""Cause of what had to wait for that, and failed by nothing."""
BEFORE: Final = " before the service"
"""How a cause ends when services say in their answers who they are, and none gave this one (`X-Served-By`)."""
NOT_AS_SENT: Final = "not as sent"
"""What somebody else was sent came altered, out of order, or after something else that was lost."""
REPEATED: Final = "repeated"
"""How a cause begins when what is to come once came twice."""
SOMEBODY_ELSES: Final = "somebody else's"
"""How a cause begins when people were given what is not theirs: no share of that is small enough for a release."""
_WHOSE: Final = ("_id", "email")
"""How fields end that say whose an answer is, or of what."""
_WHICH: Final = re.compile(r"\[\d+\]")
_WORD: Final = re.compile(r"[a-z]+(-[a-z]+)*")
_LONGEST_WORD: Final = 40


class Failure(Exception):  # noqa: N818 - it is what was measured, not a mistake of the program
    """What was wanted did not come, or not as it has to be; `recording` counts it under `cause`.

    `cause` has few different values in a run ("time-out", "status 502", "contract: text missing"), so that failures
    can be counted by it. `detail` is for a person, and holds no secret.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail
        self.trace = ""
        """The trace of the request that failed, if it was one: by it the platform's own logs tell more."""

    def __repr__(self) -> str:
        # Locust counts failures by this text: with details in it each would be its own row.
        return f"Failure({self.cause})"


def worded(cause: str, word: str | None) -> str:
    """A cause with the platform's own word for it, which says where to look: "status 503 dependency-unavailable".

    Words are as slugs of problems and reasons of close frames are. Any other text, with an id in it say, could be
    another each time, and would make each failure a cause of its own.
    """
    if word is None or len(word) > _LONGEST_WORD or _WORD.fullmatch(word) is None:
        return cause
    return f"{cause} {word}"


def closed_unexpectedly(code: int, reason: str) -> Failure:
    """The end of a websocket that nobody here asked for, by the code and reason of its close frame."""
    return Failure(worded(f"closed unexpectedly {code}", reason), reason)


def everywhere(field: str) -> str:
    """A field, in whichever item of a list it is wrong: else one mistake would be as many causes as there are items."""
    return _WHICH.sub("[]", field)


def agrees(answer: object, **asked: object) -> None:
    """Raises the `Failure` of the first field of an answer that is not what was asked for.

    Its type is right then. It is "somebody else's FIELD" if the answer is about somebody or something else, as of a
    cache that mixes people up, and "wrong FIELD" otherwise.
    """
    for field, wanted in asked.items():
        found = getattr(answer, field)
        if found != wanted:
            whose = SOMEBODY_ELSES if field.endswith(_WHOSE) else "wrong"
            raise Failure(f"{whose} {field}", f"{found!r} instead of {wanted!r}")
