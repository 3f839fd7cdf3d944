"""Where requests go."""

from pathlib import Path

import pytest

from fixtures.http1.target import Target
from fixtures.sandbox.tls import write_certificates


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("http://a.example", "a.example", 80, "a.example"),
        ("http://a.example:80/", "a.example", 80, "a.example"),
        ("http://127.0.0.1:3001/api", "127.0.0.1", 3001, "127.0.0.1:3001"),
        ("http://[::1]:8080", "::1", 8080, "[::1]:8080"),
    ],
)
def test_an_origin_is_read_from_a_url(url: str, host: str, port: int, authority: str) -> None:
    """Host and port are those of the URL, and the authority leaves out the port that goes without saying."""
    target = Target.of(url)
    assert (target.host, target.port, target.authority, target.context) == (host, port, authority, None)


def test_https_trusts_the_file_it_is_given(tmp_path: Path) -> None:
    """An https address has a context, and a file that cannot be read is an error at once."""
    write_certificates(tmp_path)
    target = Target.of("https://a.example", tmp_path / "ca.pem")
    assert target.context is not None
    assert target.context.check_hostname
    assert (target.port, target.authority) == (443, "a.example")
    with pytest.raises(OSError, match="No such file"):
        Target.of("https://a.example", tmp_path / "none.pem")


def test_a_dot_at_the_end_is_the_resolvers() -> None:
    """A name that ends with a dot is looked up and asked for with it, and certificates have it without."""
    target = Target.of("https://a.example.:8443")
    assert (target.host, target.authority, target.server_name) == ("a.example.", "a.example.:8443", "a.example")
    assert Target.of("https://127.0.0.1").server_name == "127.0.0.1"


@pytest.mark.parametrize(
    "url", ["ftp://a", "a.example", "https://", "http://user@a", "http://a:99999", "http://a..b", "http://\xfc"]
)
def test_anything_else_is_refused(url: str) -> None:
    """What is no http or https address with a host is an error."""
    with pytest.raises(ValueError, match=r"address|[Pp]ort|idna|ascii"):
        Target.of(url)
