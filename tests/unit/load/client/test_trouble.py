"""What went wrong, in words that many failures share."""

import errno
import os
import socket
import ssl

import pytest

from fixtures.contract import chat
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.http1.errors import (
    ClosedError,
    ConnectTimeoutError,
    CutOffError,
    NotHttpError,
    TooLargeError,
    UnsendableError,
)
from loadtests.client.trouble import pass_over, unanswered, unexpected


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TimeoutError("no answer within 10 s"), "time-out"),
        (OSError(errno.ETIMEDOUT, ""), "time-out"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "name does not resolve"),
        (ConnectTimeoutError("no connection within 5 s"), "time-out connecting"),
        (ssl.SSLError(1, "x"), "TLS"),
        (OSError(errno.ECONNREFUSED, ""), "refused"),
        (OSError(errno.ECONNRESET, ""), "reset"),
        (OSError(errno.EPIPE, ""), "reset"),
        (ClosedError("x"), "closed without an answer"),
        (CutOffError("x"), "cut off"),
        (OSError(errno.EHOSTUNREACH, ""), "unreachable"),
        (OSError("of no number"), "unreachable"),
        (OSError(errno.EMFILE, ""), "generator: no file descriptor left"),
        (OSError(errno.EADDRNOTAVAIL, ""), "generator: no port left"),
        (NotHttpError("x"), "not HTTP"),
        (TooLargeError("x"), "answer too large"),
        (UnsendableError("x"), "cannot be sent"),
    ],
)
def test_each_trouble_has_its_words(error: Exception, cause: str) -> None:
    """Every way in which an answer can fail to come has a cause, and what the generator lacks is not the platform's."""
    failure = unanswered(error)
    assert failure.cause == cause
    assert str(failure).startswith(cause)
    assert os.linesep not in repr(failure)


def test_one_field_that_is_wrong_in_many_items_is_one_cause() -> None:
    """Which item it was is for a person; counted by it, one mistake would be as many causes as a list is long."""
    asked = chat.conversations()
    wrong = (
        UnexpectedAnswer(service="chat", operation_id="o", status=200, why="mistyped", field=f"items[{number}].kind")
        for number in range(3)
    )
    assert {unexpected(asked, one, named=False).cause for one in wrong} == {"contract: items[].kind mistyped"}


@pytest.mark.parametrize(
    ("named", "unserved", "cause"),
    [
        (True, "no X-Served-By", "status 503 before the service"),
        (True, "", "status 503"),
        (False, "no X-Served-By", "status 503"),
    ],
)
def test_an_answer_is_of_who_gave_it(unserved: str, cause: str, *, named: bool) -> None:
    """Where services say who they are, one that does not was given before them, and one that does by the service."""
    wrong = UnexpectedAnswer(service="chat", operation_id="o", status=503, why="status", unserved=unserved)
    assert unexpected(chat.conversations(), wrong, named=named).cause == cause


def test_what_the_generator_lacks_is_no_fault_of_an_address() -> None:
    """Of two addresses one is told that refuses, and none for which this machine had no descriptor or port."""
    told: list[tuple[str, str]] = []
    for number in (errno.EMFILE, errno.ECONNREFUSED, errno.EADDRNOTAVAIL):
        pass_over(OSError(number, ""), "10.0.0.7", 2, lambda *what: told.append(what))
    assert told == [("refused", "10.0.0.7 (one of 2 addresses)")]
