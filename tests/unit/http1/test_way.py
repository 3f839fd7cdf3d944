"""How an address is asked."""

from pathlib import Path

import pytest

from fixtures.contract import objects, shared
from fixtures.http1.way import Way
from tests.unit.http1.peer import Request


def read(data: bytes) -> Request:
    request = Request()
    request.feed(data)
    return request


@pytest.mark.parametrize("base", ["http://a.example:81", "http://a.example:81/"])
def test_below_a_base_paths_are_as_they_are(base: str) -> None:
    """An operation is asked at its own path, with the lines that go with it."""
    request = read(Way.to(base, None).request(shared.health("chat"), "X-Run: 7\r\n"))
    assert (request.method, request.path) == ("GET", "/api/chat-service/health")
    assert (request.headers["Host"], request.headers["X-Run"]) == ("a.example:81", "7")


def test_a_base_may_have_a_path() -> None:
    """What a gateway puts before every path comes before it."""
    request = read(Way.to("http://a.example/blue/", None).request(shared.health("chat")))
    assert request.path == "/blue/api/chat-service/health"


def test_an_address_that_was_given_out_is_asked_as_it_is() -> None:
    """Of a presigned address nothing is added or left out."""
    url = "http://s3.example/bucket/key?X-Amz-Signature=1%2F2&x="
    assert read(Way.to(url, None).request(objects.get(url))).path == "/bucket/key?X-Amz-Signature=1%2F2&x="


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    """A URL that is none, and an authority that cannot be read, are errors before anything is asked."""
    for url in ("", "ftp://a", "http://a b/", "http://\xfc/", "http://a..b/", "http://a/\xfc"):
        with pytest.raises(ValueError, match=r"."):
            Way.to(url, None)
    with pytest.raises(OSError, match="No such file"):
        Way.to("https://a.example", tmp_path / "none.pem")
