"""Operations on absolute URLs: presigned objects and the CDN."""

from datetime import UTC, datetime

import pytest

from fixtures.contract import objects
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.shared import Upload

UPLOAD = Upload("PUT", "https://s3.example/b/k?X-Signature=abc", {"Content-Type": "image/png"}, datetime.now(UTC))


def test_put_sends_what_was_signed() -> None:
    """An upload goes to the given address with the signed headers and the bytes as they are, and to no other host."""
    operation = objects.put(UPLOAD, b"\x89PNG")
    assert operation.url("https://api.example") == UPLOAD.url
    assert (operation.method, operation.content, operation.auth) == ("PUT", b"\x89PNG", "none")
    assert operation.headers == {"Content-Type": "image/png"}
    assert operation.read(Answer(200, Headers(), b"", 0.1)) is None


def test_an_address_is_a_secret() -> None:
    """The signature of a presigned address is not in the operation's representation."""
    assert "abc" not in repr(objects.get(UPLOAD.url))


def test_objects_are_read_as_they_are() -> None:
    """An object's bytes come as they are, and of the CDN the whole answer."""
    answer = Answer(200, Headers({"Content-Type": "image/png", "X-Cache": "HIT"}), b"\x89PNG", 0.1)
    assert objects.get("https://s3.example/b/k").read(answer) == b"\x89PNG"
    assert objects.get_from_cdn("https://cdn.example/k").read(answer).headers["x-cache"] == "HIT"


@pytest.mark.parametrize(
    "status", [200, 201, 202, 203, 204, 206, 301, 304, 307, 400, 401, 403, 404, 405, 429, 500, 503]
)
def test_what_is_there_is_told_from_what_is_denied(status: int) -> None:
    """A part of an object is not the object, and what is redirected, limited or broken is denied to nobody."""
    answer = Answer(status, Headers(), b"x", 0.1)
    for operation in (objects.get("https://s3.example/b/k"), objects.get_from_cdn("https://cdn.example/k")):
        if status == 200:
            operation.read(answer)
        else:
            with pytest.raises(UnexpectedAnswer):
                operation.read(answer)
    assert (status in objects.DENIED) == (status in {400, 401, 403, 404})
