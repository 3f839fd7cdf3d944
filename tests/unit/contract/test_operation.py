"""An operation as a value: what it sends, what it accepts, and what it says of all else."""

import gzip
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.contract import auth, chat, notification, objects, shared, user_profile
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import UnexpectedAnswer, field_of
from fixtures.contract.excerpt import LONGEST, excerpt
from fixtures.contract.operation import Endpoint, Operation
from fixtures.contract.problem import HEADER_OF, PREFIX, STATUS_OF

PROBLEM = "application/problem+json"
SECRETS = ["eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln", "alice@synthetic.example", "482913", "correct horse battery"]


def problem(slug: str, status: int, /, **changes: Any) -> Answer:  # noqa: ANN401 - any field of a problem
    body = {
        "type": PREFIX + slug,
        "title": "Refused",
        "status": status,
        "detail": "",
        "instance": "/x",
        "trace_id": "0" * 32,
    }
    headers = {"Content-Type": PROBLEM, "X-Trace-Id": "0" * 32}
    if status in HEADER_OF:
        headers[HEADER_OF[status]] = "1"
    return Answer(status, Headers(headers), msgspec.json.encode(body | changes), 0.1)


def html(status: int) -> Answer:
    return Answer(status, Headers({"Content-Type": "text/html; charset=utf-8"}), b"<h1>Hello</h1>", 0.1)


def test_a_request_is_built() -> None:
    """Path parameters are quoted, absent values left out, truth values written as JSON writes them."""
    operation = notification.notifications(unread=True, limit=10)
    assert operation.url("https://api.example/") == (
        "https://api.example/api/notification-service/v1/notifications?unread=true&limit=10"
    )
    sent = chat.send("../x?", "Hi", idempotency_key="k")
    assert sent.path == "/api/chat-service/v1/conversations/..%2Fx%3F/messages"
    assert msgspec.json.decode(sent.content or b"") == {"text": "Hi"}
    assert sent.headers["Idempotency-Key"] == "k"


def test_methods_and_keys_decide_what_may_be_repeated() -> None:
    """A GET is safe, a DELETE idempotent, and a POST idempotent only by its key."""
    assert (auth.account().safe, auth.account().idempotent) == (True, True)
    assert (auth.delete_account().safe, auth.delete_account().idempotent) == (False, True)
    assert not user_profile.change_profile(bio="b").idempotent
    asks: Endpoint[None] = Endpoint("auth", "head", "HEAD", "/", {200: None})
    head = asks.call()
    assert (head.safe, head.idempotent) == (True, True)
    assert not auth.register("a@b", "p", "A").idempotent
    assert auth.register("a@b", "p", "A", idempotency_key="k").idempotent


def test_credentials_are_added_by_the_sender() -> None:
    """Any token and any key can be put on any operation, and the operation itself stays as it was."""
    operation = auth.account()
    assert operation.bearing("forged").headers["Authorization"] == "Bearer forged"
    assert operation.keyed("key").headers["X-Synthetic-Key"] == "key"
    assert operation.bearing("former").bearing("latter").headers == {
        **operation.headers,
        "Authorization": "Bearer latter",
    }
    assert "Authorization" not in operation.headers


def test_an_operation_keeps_its_secrets() -> None:
    """The representations of operations, answers and what was read show no password, token, code or header value."""
    operation = auth.log_in("alice@synthetic.example", "correct horse battery").bearing(SECRETS[0])
    tokens = auth.Tokens(SECRETS[0], "Bearer", 900, SECRETS[0], 900, "u", "s")
    answer = Answer(200, Headers({"Set-Cookie": SECRETS[0]}), b"correct horse battery", 0.1)
    shown = f"{operation!r} {tokens!r} {answer!r}"
    assert not [secret for secret in SECRETS if secret in shown]


def test_no_content() -> None:
    """An operation without an answer body reads as None."""
    assert auth.log_out().read(Answer(204, Headers(), b"", 0.1)) is None


def test_text_bytes_and_whole_answers() -> None:
    """An endpoint may take the body as text or bytes, or the answer itself."""
    answer = Answer(200, Headers({"Content-Type": "text/plain"}), "é".encode(), 0.1)
    assert shared.metrics("auth").read(answer) == "é"
    assert Operation(Endpoint("x", "x", "GET", "/", {200: bytes}), "/").read(answer) == "é".encode()
    assert Operation(Endpoint("x", "x", "GET", "/", {200: Answer}), "/").read(answer) is answer


@pytest.mark.parametrize("status", [200, 301, 404, 500, 503])
def test_html_is_unexpected(status: int) -> None:
    """A page instead of JSON is unexpected under every status, with the status in the error."""
    with pytest.raises(UnexpectedAnswer) as caught:
        shared.health("auth").read(html(status))
    assert (caught.value.service, caught.value.operation_id, caught.value.status) == ("auth", "getHealth", status)


@pytest.mark.parametrize(
    "body",
    [*(b"", b"{", b"\xff", b"null", b"[]", b"1"), b'{"type":"\xff","email":"\xff"}', b'{"x":' + b"[" * 200_000],
    ids=lambda body: str(body[:8]),
)
def test_no_json_object_is_unexpected(body: bytes) -> None:
    """A body that is not the JSON object it should be is unexpected, be it a good answer's or a refusal's."""
    operation = auth.account()
    with pytest.raises(UnexpectedAnswer):
        operation.read(Answer(200, Headers({"Content-Type": "application/json"}), body, 0.1))
    refusal = Answer(403, Headers({"Content-Type": PROBLEM}), body, 0.1)
    with pytest.raises(UnexpectedAnswer) as caught:
        operation.refused(refusal, "forbidden")
    assert caught.value.slug is None
    with pytest.raises(UnexpectedAnswer):
        operation.read(refusal)


def test_an_unexpected_problem_is_named() -> None:
    """When a good answer was due and a problem came, the error has its slug, trace and server."""
    answer = problem("forbidden", 403)
    answer = Answer(403, Headers({**answer.headers, "X-Served-By": "auth;slot=blue"}), answer.body, 0.1)
    with pytest.raises(UnexpectedAnswer, match="auth getOwnAccount answered 403 forbidden") as caught:
        auth.account().read(answer)
    assert (caught.value.slug, caught.value.trace_id) == ("forbidden", "0" * 32)
    assert caught.value.served_by == "auth;slot=blue"
    assert caught.value.unserved == ""


def test_an_answer_of_no_service_is_told_as_that() -> None:
    """That nobody of the platform gave an answer is said, but not of an address where none of it has to answer."""
    answer = Answer(429, Headers({"Server": "nginx"}), b"<html>", 0.1)
    with pytest.raises(UnexpectedAnswer, match="; no X-Served-By, Server nginx; body <html>"):
        auth.account().read(answer)
    with pytest.raises(UnexpectedAnswer) as caught:
        objects.get("https://cdn.example/avatar").read(answer)
    assert caught.value.unserved == ""


HOSTILE = "x\x1b[2J\nVERDICT  GO\x9b\u2028"


@pytest.mark.parametrize(
    "answer",
    [
        problem(HOSTILE, 403),
        *(
            Answer(200, Headers({"Content-Type": "application/json", name: HOSTILE}), b"{", 0.1)
            for name in ("X-Served-By", "X-Trace-Id", "Content-Type", "Content-Encoding", "Server")
        ),
        Answer(200, Headers({"Content-Type": "application/json"}), msgspec.json.encode({"status": HOSTILE}), 0.1),
    ],
)
def test_nobody_who_answers_writes_to_the_terminal(answer: Answer) -> None:
    """Whatever they say, and wherever, the error is one line without a sign that a terminal would obey."""
    with pytest.raises(UnexpectedAnswer) as caught:
        shared.health("auth").read(answer)
    assert str(caught.value).isprintable()
    assert caught.value.why in str(caught.value)


@pytest.mark.parametrize("name", ["X-Served-By", "Content-Type", "Content-Encoding"])
def test_a_header_that_is_not_short_is_not_quoted_whole(name: str) -> None:
    """Whatever an answer has in its head, the error fits into a report, and so does what it expected."""
    answer = Answer(200, Headers({"Content-Type": "application/json", name: "x" * 64_000}), b"{", 0.1)
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().read(answer)
    assert max(len(str(caught.value)), len(caught.value.why)) < 2_000
    assert caught.value.why in str(caught.value)


@pytest.mark.parametrize(("slug", "status"), STATUS_OF.items())
def test_the_expected_refusal(slug: str, status: int) -> None:
    """The refusal that is expected is read, and its slug is the one asked for."""
    assert auth.account().refused(problem(slug, status), slug).slug == slug


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (problem("forbidden", 403), None),
        (problem("unauthenticated", 401), "type"),
        (problem("token-expired", 401, status=403), "status"),
        (problem("token-expired", 401, type="about:blank"), "type"),
        (problem("token-expired", 401, title=None), "title"),
        (Answer(401, Headers({"Content-Type": PROBLEM}), problem("token-expired", 401).body, 0.1), "WWW-Authenticate"),
        (html(401), "Content-Type"),
        (html(200), None),
    ],
)
def test_any_other_refusal_is_unexpected(answer: Answer, field: str | None) -> None:
    """Another slug, another status, a missing header or no problem at all is not the refusal that was expected."""
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().refused(answer, "token-expired")
    assert caught.value.field == field


def test_headers_and_retry_after() -> None:
    """Header names are case-insensitive, repeated ones are joined, and Retry-After counts only in whole seconds."""
    headers = Headers([("A", "1"), ("a", "2"), ("Idempotent-Replayed", "true")])
    assert (headers["a"], len(headers), list(headers)) == ("1, 2", 2, ["a", "idempotent-replayed"])
    assert hash(headers) == hash(Headers({"A": "1, 2", "Idempotent-Replayed": "true"}))
    assert repr(headers) == "Headers(a, idempotent-replayed)"
    assert Answer(200, headers, b"", 0.1).replayed
    assert not Answer(200, Headers({"Idempotent-Replayed": "false"}), b"", 0.1).replayed
    assert (
        Answer(200, Headers({"Content-Type": "Application/JSON ; charset=x"}), b"", 0.1).media_type
        == "application/json"
    )
    for value, seconds in (
        ("7", 7),
        ("\N{SUPERSCRIPT TWO}", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("Sun, 01 Mar 2026 00:00:00 GMT", None),
    ):
        assert Answer(429, Headers({"Retry-After": value}), b"", 0.1).retry_after == seconds


@given(st.sampled_from(SECRETS), st.sampled_from(["access_token", "code", "text", "email", "detail", "title", "kind"]))
def test_an_excerpt_keeps_secrets(secret: str, name: str) -> None:
    """Strings in fields not known to be harmless are hidden, and tokens, codes and addresses in any field."""
    if secret == "correct horse battery" and name in {"detail", "title", "kind"}:  # noqa: S105 - an example
        return
    assert secret not in excerpt(msgspec.json.encode({"a": [{name: secret}], name: secret}))


@given(st.binary())
@example(gzip.compress(b"{}"))
@example(b'{"title": "\\u001b[2J"}')
def test_an_excerpt_is_short(body: bytes) -> None:
    """Of any body there is an excerpt, on one line, never longer than the limit and nothing that moves a terminal."""
    text = excerpt(body * 40)
    assert len(text) <= LONGEST
    assert text.isprintable()
    assert excerpt(body).isprintable()


def test_a_coding_that_nobody_asked_for_is_named() -> None:
    """Who reads that JSON is malformed looks at the service; what compresses is in front of it."""
    headers = Headers({"Content-Type": "application/json", "Content-Encoding": "gzip"})
    answer = Answer(200, headers, gzip.compress(b"{}"), 0.1)
    with pytest.raises(UnexpectedAnswer, match="the body is not JSON but coded: gzip"):
        auth.account().read(answer)


def test_an_excerpt_shows_the_shape() -> None:
    """An excerpt shows names, numbers and truth values, how long strings are, and how many items a list has."""
    body = msgspec.json.encode({"a": [1, 2, 3, 4], "b": "secret", "c": None, "d": True, "status": "down", "e": 123456})
    assert excerpt(body) == "{a: [1, 2, 3, …] (4), b: <6 characters>, c: null, d: true, status: down, e: …}"
    assert excerpt(b"") == "(empty)"


def test_field_of_an_error_about_the_whole() -> None:
    """An error about the body as a whole names no field."""
    assert field_of(msgspec.ValidationError("Expected `object`, got `array`")) is None


@pytest.mark.parametrize(
    "body", [b'{"text": "what a stranger', b' ["what a stranger"', b'"what a stranger', b"{" * 9999]
)
def test_an_excerpt_of_json_that_is_cut_off_shows_none_of_it(body: bytes) -> None:
    """What begins as JSON and cannot be read may hold what people wrote, and only its length is shown."""
    assert excerpt(body) == f"({len(body)} bytes that begin as JSON and are none)"


@pytest.mark.parametrize(
    ("slug", "status", "header"),
    [
        ("unauthenticated", 401, "WWW-Authenticate"),
        ("rate-limited", 429, "Retry-After"),
        ("dependency-unavailable", 503, "Retry-After"),
    ],
)
def test_a_refusal_that_nobody_can_act_on_is_unexpected(slug: str, status: int, header: str) -> None:
    """Who has to log in, or to come back later, must be told how, or when."""
    whole = problem(slug, status)
    assert auth.account().refused(whole, slug).slug == slug
    lacking = Headers({name: value for name, value in whole.headers.items() if name != header.lower()})
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().refused(Answer(status, lacking, whole.body, 0.1), slug)
    assert caught.value.field == header


@pytest.mark.parametrize("secret", SECRETS[:3])
def test_no_name_and_no_kind_brings_a_secret_into_a_message(secret: str) -> None:
    """Who answers may write anything where a name should be: of a field, of a refusal, of a server."""
    assert secret not in excerpt(msgspec.json.encode({secret: 1}))
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().read(problem(secret, 403))
    assert secret not in str(caught.value)
    assert secret not in str(caught.value.slug)


def _json(**body: object) -> Answer:
    return Answer(200, Headers({"Content-Type": "application/json"}), msgspec.json.encode(body), 0.1)


def test_a_type_of_somebody_elses_is_no_refusal_of_the_platform() -> None:
    """Whatever it is called, and neither is one that is not sent as a problem."""
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().refused(problem("forbidden", 403, type="forbidden"), "forbidden")
    assert caught.value.field == "type"
    unsaid = problem("forbidden", 403)
    with pytest.raises(UnexpectedAnswer) as caught:
        auth.account().read(Answer(403, Headers({"Content-Type": "application/json"}), unsaid.body, 0.1))
    assert caught.value.slug is None


def test_what_cannot_be_is_not_read() -> None:
    """A count below zero says nothing of how many there are, and a state that nobody knows not how a service is."""
    sent = {"mail": 0, "push": 0, "sms": 0}
    with pytest.raises(UnexpectedAnswer) as caught:
        notification.deliveries("run").read(_json(run="run", synthetic=sent, provider={**sent, "sms": -1}))
    assert caught.value.field == "provider.sms"
    told = {"service": "chat", "environment": "e", "version": "v", "slot": "s", "instance": "i", "dependencies": {}}
    with pytest.raises(UnexpectedAnswer) as caught:
        shared.health("chat").read(_json(status="fine", started_at="2026-01-01T00:00:00Z", **told))
    assert caught.value.field == "status"


def test_a_time_without_its_offset_is_no_time() -> None:
    """Nobody could say when it was."""
    body = {"user_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "email": "a", "status": "pending"}
    typed = Headers({"Content-Type": "application/json"})
    operation = auth.register("a", "b", "c")
    for moment, field in (("2026-01-01T00:00:00Z", None), ("2026-01-01T00:00:00", "created_at")):
        answer = Answer(201, typed, msgspec.json.encode({**body, "created_at": moment}), 0.1)
        if field is None:
            assert operation.read(answer).created_at.tzinfo is not None
        else:
            with pytest.raises(UnexpectedAnswer) as caught:
                operation.read(answer)
            assert caught.value.field == field
