"""Who gave an answer: the instance that a service says it is in `X-Served-By`."""

from functools import lru_cache
from typing import Final

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import parse
from loadtests.said import cut

_KEPT: Final = 1024
"""Headers that are read once: of a target that invents one for each answer only so many fill memory."""
_LONG: Final = 1024
"""Characters of a header that is read each time."""


def instance_of(served_by: str) -> str:
    """The instance that the header names, empty if it names none well; mostly the same object each time."""
    return _known(served_by) if len(served_by) < _LONG else _read(served_by)


def _read(served_by: str) -> str:
    try:
        return cut(parse(served_by).instance)
    except ContractError:
        return ""


_known: Final = lru_cache(_KEPT)(_read)
