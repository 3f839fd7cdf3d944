"""What is lacking on this machine."""

import errno

import pytest

from fixtures.http1.errors import lack


@pytest.mark.parametrize(
    ("number", "raised"), [(errno.EMFILE, "ulimit -n"), (errno.ENFILE, "fs.file-max"), (errno.ECONNREFUSED, "")]
)
def test_what_is_lacking_here_is_told_with_what_has_to_be_raised(number: int, raised: str) -> None:
    """It says nothing of a peer; and what a peer has done is nothing that is lacking."""
    told = lack(OSError(number, "no"))
    assert raised in told
    assert bool(told) is bool(raised)
