"""Writing requests: a server reads what was meant, and nothing can be smuggled in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract import chat
from fixtures.contract.operation import Endpoint, Operation
from fixtures.http1.errors import UnsendableError
from fixtures.http1.requests import USER_AGENT, Requests, origin_and_path
from tests.unit.http1.peer import Request

REQUESTS = Requests("chat.example:8443", {"X-Synthetic-Run": "run-1"})
PLAIN: Endpoint[None] = Endpoint("x", "x", "GET", "/", {})
TEXTS = st.text(max_size=20)


def read(data: bytes) -> Request:
    request = Request()
    request.feed(data)
    assert request.complete
    return request


@given(TEXTS.filter(bool), TEXTS, st.text("abc-1", min_size=1), TEXTS)
def test_a_server_reads_what_was_meant(conversation: str, text: str, key: str, cursor: str) -> None:
    """Method, path, query, headers and body arrive as the operation has them, whatever is in them."""
    operation = chat.send(conversation, text, idempotency_key=key)
    request = read(REQUESTS.write(operation, operation.path, "Authorization: Bearer t\r\n"))
    assert (request.method, request.path, request.body) == ("POST", operation.path, operation.content)
    assert request.headers["Host"] == "chat.example:8443"
    assert request.headers["X-Synthetic-Run"] == "run-1"
    assert request.headers["Authorization"] == "Bearer t"
    assert request.headers["Idempotency-Key"] == key
    assert request.headers["Content-Length"] == str(len(request.body))
    listing = chat.messages(conversation, cursor=cursor)
    asked = read(REQUESTS.write(listing, listing.path, ""))
    assert asked.path == listing.url("")
    assert "Content-Length" not in asked.headers


def test_no_content_coding_is_acceptable() -> None:
    """Every request asks for bytes as they are: whoever is not told may compress them, and nobody here expands them."""
    for headers in ({}, {"X-Synthetic-Run": "run-1"}):
        request = read(Requests("a", headers).write(Operation(PLAIN, "/"), "/", ""))
        assert request.headers["Accept-Encoding"] == "identity"


def test_a_header_of_ones_own_stands() -> None:
    """Who names another `User-Agent` for all requests sends that, and not both."""
    request = REQUESTS.write(Operation(PLAIN, "/"), "/", "")
    own = Requests("a", {"User-Agent": "mine"}).write(Operation(PLAIN, "/"), "/", "")
    assert read(request).headers["User-Agent"] == USER_AGENT
    assert own.count(b"User-Agent: ") == own.count(b"User-Agent: mine\r\n") == 1


@given(st.text("ab\r\n: ", max_size=6))
def test_no_header_can_be_smuggled_in(value: str) -> None:
    """A line break in a header is refused, be it of one request or of all, and one in an address as well."""
    operation = Operation(PLAIN, "/", headers={"A": value})
    if "\r" in value or "\n" in value:
        with pytest.raises(UnsendableError):
            REQUESTS.write(operation, "/", "")
        with pytest.raises(UnsendableError):
            REQUESTS.write(Operation(PLAIN, "/"), f"/{value}", "")
        with pytest.raises(UnsendableError):
            REQUESTS.write(Operation(PLAIN, "/", headers={f"A{value}": "b"}), "/", "")
        for headers in ({"A": value}, {f"A{value}": "b"}):
            with pytest.raises(UnsendableError):
                Requests("x", headers)
    else:
        assert read(REQUESTS.write(operation, "/", "")).headers["A"].strip() == value.strip()


def test_what_no_header_can_hold_is_refused() -> None:
    """Characters beyond Latin-1 cannot be sent."""
    operation = Operation(PLAIN, "/", headers={"A": "€"})
    with pytest.raises(UnsendableError):
        REQUESTS.write(operation, "/", "")


@pytest.mark.parametrize(
    ("method", "content", "length"),
    [("POST", None, "0"), ("PATCH", None, "0"), ("PUT", b"", "0"), ("PUT", b"abc", "3")],
)
def test_a_body_has_its_length(method: str, content: bytes | None, length: str) -> None:
    """What may have a body says how long it is, once."""
    endpoint: Endpoint[None] = Endpoint("x", "x", method, "/", {})  # type: ignore[arg-type]
    for headers in ({}, {"Content-Length": length} if content else {}):
        data = REQUESTS.write(Operation(endpoint, "/", headers=headers, content=content), "/", "")
        assert data.count(b"Content-Length") == 1
        assert read(data).headers["Content-Length"] == length


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://s3.example:9000/bucket/key?X-Amz=1&b=2", "https://s3.example:9000", "/bucket/key?X-Amz=1&b=2"),
        ("http://[::1]:80", "http://[::1]:80", "/"),
        ("https://cdn.example?x=a/b", "https://cdn.example", "/?x=a/b"),
        ("https://cdn.example/a#part", "https://cdn.example", "/a"),
    ],
)
def test_an_absolute_url_has_two_parts(url: str, origin: str, path: str) -> None:
    """The origin is asked for the rest, and fragments stay here."""
    assert origin_and_path(url) == (origin, path)


@pytest.mark.parametrize("url", ["https://a/b c", "https://a/b\r\nX: y", "https://a/\x00"])
def test_an_address_with_blanks_is_refused(url: str) -> None:
    """What would break the request line is not sent."""
    with pytest.raises(UnsendableError):
        origin_and_path(url)
