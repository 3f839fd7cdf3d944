"""How an operation goes out: what it carries and where to, whether it may go twice, and how long it is waited for."""

import json
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.clients.patience import PATIENCE, SHARE, SILENCES
from fixtures.clients.transport import Unanswered, Unexpected
from fixtures.clients.witness import Witness
from fixtures.contract import auth, friend_request, objects, user_profile
from fixtures.contract.operation import Endpoint, Operation
from fixtures.environments import ForbiddenEffectError
from fixtures.sandbox.tls import write_certificates
from tests.unit.clients.make import AN_ID, transport
from tests.unit.clients.peer import says, web_server
from tests.unit.clients.platform import problem

KEYS = b'{"keys": []}'


def test_a_trace_is_told_under_the_id_that_was_sent() -> None:
    """Or nobody would find the exchange of a failure in the platform's logs."""
    sent: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        sent.append(handler.headers["traceparent"])
        says(handler, 200, KEYS)

    with web_server(answers) as base:
        sender = transport(base)
        sender.send(auth.key_set())
    (kept,) = sender.exchanges
    version, trace, parent, flags = sent[0].split("-")
    assert (version, trace, flags) == ("00", kept.trace_id, "01")
    assert (len(trace), len(parent)) == (32, 16)
    assert f"traceparent: {sent[0]}" in kept.curl


def test_what_the_platform_gave_out_is_asked_as_its_address_has_it() -> None:
    """A storage whose signature covers the headers refuses what nobody signed, and its clock is its own."""
    seen: list[str | None] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        seen.extend((handler.headers["traceparent"], handler.headers["X-Synthetic-Run"]))
        handler.date_time_string = lambda *_: _date(-86400)  # type: ignore[method-assign]  # of this one answer
        says(handler, 200, b"bytes")

    timed: list[float] = []
    with web_server(answers) as base:
        sender = transport(base)
        sender.witness = Witness(timed=timed.append)
        assert sender.send(objects.get(f"{base}/object?signed=1")) == b"bytes"
        assert timed == []
        sender.answer(auth.key_set())
        assert timed == [pytest.approx(86400, abs=60)]
    assert seen == [None, None, seen[2], "run"]


def test_a_slow_answer_is_no_clock_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was given after it was asked for, and before it came."""
    timed: list[float] = []
    monkeypatch.setattr(
        "fixtures.clients.transport.time",
        SimpleNamespace(time=time.time, monotonic=lambda: 20 * time.monotonic()),
    )

    def answers(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        handler.date_time_string = lambda *_: _date(1)  # type: ignore[method-assign]  # of this one answer
        says(handler, 200, KEYS)

    with web_server(answers) as base:
        sender = transport(base)
        sender.witness = Witness(timed=timed.append)
        sender.answer(auth.key_set())
    assert timed == [0.0]


def _date(ahead: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)


@pytest.mark.parametrize(
    "operation",
    [friend_request.ask(AN_ID), user_profile.change_profile(bio="b"), auth.delete_account()],
    ids=lambda one: one.effect,
)
def test_whatever_changes_something_needs_its_effect(operation: Operation[object]) -> None:
    """Where an environment is only to be looked at, nothing is made, changed or removed."""
    sender = transport("http://127.0.0.1:1", effects=frozenset({"read"}))
    with pytest.raises(ForbiddenEffectError, match=r"needs\(Effect.SYNTHETIC\)"):
        sender.answer(operation)
    assert list(sender.exchanges) == []


@pytest.mark.parametrize(("key", "asked"), [(None, 2), ("k", 3)])
def test_what_must_not_be_done_twice_is_not_sent_twice(
    monkeypatch: pytest.MonkeyPatch, key: str | None, asked: int
) -> None:
    """What was read on a connection that then ended may have been carried out, unless a key says that it is one."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", 20.0 if key else 0.5)
    got: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        got.append(handler.path)
        if len(got) == 2:
            handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.close_connection = True
        else:
            says(handler, 404, json.dumps(problem(404, "not-found")[1]).encode())

    with web_server(answers) as base:
        sender = transport(base)
        sender.answer(friend_request.ask(AN_ID, idempotency_key=key))
        if key is None:
            with pytest.raises(Unanswered, match="closed without an answer"):
                sender.answer(friend_request.ask(AN_ID))
        else:
            assert sender.answer(friend_request.ask(AN_ID, idempotency_key=key)).repeated
    assert len(got) == asked


def test_the_answer_to_head_has_no_body_to_wait_for() -> None:
    """Its headers say how long the body would be."""
    head: Endpoint[None] = Endpoint("auth", "head", "HEAD", "/keys", {200: None}, auth="none")

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()

    with web_server(answers) as base:
        assert transport(base, time_scale=0.2).answer(head.call()).body == b""


def test_a_service_that_hangs_is_waited_for_ever_less_long_until_it_answers() -> None:
    """A service that hangs must not cost the run, and one that has answered is given all the time there is."""
    over, hangs = threading.Event(), threading.Event()
    hangs.set()

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if hangs.is_set():
            over.wait(20)
            handler.close_connection = True
        else:
            says(handler, 200, KEYS)

    with web_server(answers) as base:
        sender = transport(base, time_scale=0.1)
        for _ in range(SILENCES):
            with pytest.raises(Unanswered, match=r"nothing came for 0\.6 s"):
                sender.answer(auth.key_set())
        with pytest.raises(Unanswered, match=rf"nothing came for {0.6 * SHARE:g} s"):
            sender.answer(auth.key_set())
        hangs.clear()
        over.set()
        transport(base, time_scale=10).answer(auth.key_set())
        assert PATIENCE.left(base, "auth", 1.0) == 1.0


def test_who_ends_a_connection_at_once_was_not_silent() -> None:
    """What costs no time is waited for as before."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    with web_server(answers) as base:
        for _ in range(SILENCES + 1):
            with pytest.raises(Unanswered):
                transport(base).answer(auth.key_set())
        assert PATIENCE.left(base, "auth", 1.0) == 1.0


def test_an_answer_that_drips_comes_to_an_end() -> None:
    """However soon its next piece is there: the time for all of it is limited as well."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(KEYS) * 400))
        handler.end_headers()
        with suppress(ConnectionError):
            for _ in range(400):
                handler.wfile.write(KEYS)
                time.sleep(0.05)

    with web_server(answers) as base:
        sender = transport(base)
        sender.timeouts = replace(sender.timeouts, work=0.6)
        with pytest.raises(Unanswered, match=r"still arriving after 0\.6 s") as failure:
            sender.answer(auth.key_set())
    assert "hangs" in failure.value.likely


def test_the_command_of_a_failure_trusts_whom_the_environment_trusts(tmp_path: Path) -> None:
    """Or whoever repeats it is told of a certificate, and not of what was wrong."""
    write_certificates(tmp_path)
    with web_server(lambda handler: says(handler, 404, b"{}")) as base:
        sender = transport(base)
        sender.environment = replace(sender.environment, ca_file=tmp_path / "ca.pem")
        with pytest.raises(Unexpected) as failure:
            sender.send(auth.key_set())
    assert f"--cacert {tmp_path}/ca.pem " in failure.value.repeat


def test_a_failure_says_by_which_refusal_it_was() -> None:
    """So that whoever leaves can tell that something is gone already from anything else."""
    status, body = problem(404, "not-found")
    told = json.dumps(body).encode()
    with (
        web_server(lambda handler: says(handler, status, told, Content_Type="application/problem+json")) as base,
        pytest.raises(Unexpected) as failure,
    ):
        transport(base).send(auth.account())
    assert (failure.value.status, failure.value.slug) == (404, "not-found")


def test_who_answers_at_another_address_is_told_with_that() -> None:
    """Or an answer of the idle slot at its own address would be taken for one of the live one."""
    answered: list[tuple[str, ...]] = []
    served = 'auth;slot=blue;build="prod-1234567";instance="auth-1"'
    with web_server(lambda handler: says(handler, 200, KEYS, X_Served_By=served)) as base:
        sender = transport("http://127.0.0.1:1")
        sender.witness = Witness(answered=lambda *who: answered.append(who))
        sender.towards(base).send(auth.key_set())
    assert answered == [("auth", "blue", "prod-1234567", base, "auth-1")]
