"""What a good answer says: `Operation.read`, and a shorter way to the same for the answer that nearly always comes.

The shorter way takes a good status, `application/json` and a body of the right type. Everything else is read by the
contract itself, so what is wrong is said in its words; a test holds that both ways agree.
"""

from typing import Any, Final, TypeVar

import msgspec

from fixtures.contract.answer import Answer
from fixtures.contract.decoders import UNREADABLE, decoder
from fixtures.contract.operation import Operation
from fixtures.http1.answers import Answers

T = TypeVar("T")

# As nginx writes it, and as servers of Python do.
_JSON: Final = b"\r\nContent-Type: application/json\r\n"
_JSON_TOO: Final = b"\r\ncontent-type: application/json\r\n"
# As `decoder` has them, without its call.
_decoders: Final[dict[int, msgspec.json.Decoder[Any]]] = {}
_PLAIN: Final = (None, str, bytes, Answer)


def read(operation: Operation[T], answers: Answers, elapsed: float) -> T:
    """The value of a good answer; raises `UnexpectedAnswer` for any other."""
    kind = operation.endpoint.expects.get(answers.status)
    if kind is not None and (answers.says(_JSON) or answers.says(_JSON_TOO)):
        known = _decoders.get(id(kind)) or _remember(kind)
        if known is not None:
            try:
                return known.decode(answers.body)  # type: ignore[no-any-return]
            except UNREADABLE:
                pass  # The contract says it better.
    return operation.read(Answer(answers.status, answers.headers, answers.body, elapsed))


def _remember(kind: object) -> msgspec.json.Decoder[Any] | None:
    if kind in _PLAIN:
        return None
    known = _decoders[id(kind)] = decoder(kind)
    return known
