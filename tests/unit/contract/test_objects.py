"""Operations on absolute URLs: presigned objects and the CDN."""

from datetime import UTC, datetime

from fixtures.contract import objects
from fixtures.contract.answer import Answer, Headers
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
