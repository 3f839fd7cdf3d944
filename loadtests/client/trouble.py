"""What went wrong with a request, in the few words under which it is counted."""

import errno
import socket
import ssl
from collections.abc import Callable
from typing import Final, TypeAlias

from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Operation
from fixtures.http1.errors import (
    ClosedError,
    ConnectTimeoutError,
    CutOffError,
    NotHttpError,
    TooLargeError,
    UnsendableError,
)
from loadtests.failure import BEFORE, OWN, Failure, everywhere, worded

_MISSING: Final = "missing required field"
_CODED: Final = "but coded"
# The machine that makes the load has run out of something: not the platform's fault.
_OURS: Final = {
    errno.EMFILE: f"{OWN}no file descriptor left",
    errno.ENFILE: f"{OWN}no file descriptor left",
    errno.EADDRNOTAVAIL: f"{OWN}no port left",
    errno.ENOBUFS: f"{OWN}no buffer left",
    errno.ENOMEM: f"{OWN}no memory left",
}


PassedOver: TypeAlias = Callable[[str, str], object]
"""Is told the cause, and which of how many addresses it was, when a connection was not let in and tries the next."""


def unanswered(error: Exception) -> Failure:
    """The failure of a request to which no answer came."""
    return Failure(_cause(error), str(error))


def pass_over(error: OSError, address: str, of: int, told: PassedOver) -> None:
    """Tell of one of several addresses that did not let us in: that the next is tried, no sample shows.

    What this machine has no more of is no fault of an address.
    """
    cause = _cause(error)
    if not cause.startswith(OWN):
        told(cause, f"{address} (one of {of} addresses)")


def untold(_cause: str, _address: str) -> None:
    """Take no note of who is passed over."""


def unexpected(operation: Operation[object], wrong: UnexpectedAnswer, *, named: bool) -> Failure:
    """The failure of a request whose answer is not one that its operation allows.

    `named`: services were seen to say who they are, so that one that does not was given by something before them.
    """
    if wrong.status not in operation.expects:
        cause = worded(f"status {wrong.status}", wrong.slug)
    elif wrong.field is None:
        cause = f"contract: {_body(wrong.why)}"
    else:
        cause = f"contract: {everywhere(wrong.field)} {'missing' if _MISSING in wrong.why else 'mistyped'}"
    return Failure(f"{cause}{BEFORE}" if named and wrong.unserved else cause, str(wrong))


# The first that fits counts: each is more special than what follows it.
_CAUSES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ConnectTimeoutError, "time-out connecting"),
    (TimeoutError, "time-out"),
    (socket.gaierror, "name does not resolve"),
    (ssl.SSLError, "TLS"),
    (ConnectionRefusedError, "refused"),
    (ClosedError, "closed without an answer"),
    (CutOffError, "cut off"),
    (ConnectionError, "reset"),
    (TooLargeError, "answer too large"),
    (UnsendableError, "cannot be sent"),
    (NotHttpError, "not HTTP"),
)


def _body(why: str) -> str:
    if "not JSON" not in why:
        return "the body"
    return "compressed" if _CODED in why else "not JSON"


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        # What is to be done differs: renew it, send the whole chain, name the host or trust the authority.
        return f"certificate: {error.verify_message.rstrip('.')}"
    known = next((cause for kind, cause in _CAUSES if isinstance(error, kind)), None)
    return known or _OURS.get(getattr(error, "errno", None) or 0, "unreachable")
