"""Causes: in few words, of which there are few, and with the platform's own where it has one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.problem import STATUS_OF
from loadtests.failure import closed_unexpectedly, worded


@pytest.mark.parametrize("slug", STATUS_OF)
def test_every_word_of_the_platform_is_told(slug: str) -> None:
    """A status alone does not say what to look for; what the platform calls it does."""
    assert worded("status 503", slug) == f"status 503 {slug}"


@given(st.none() | st.text() | st.text("ab-", max_size=60) | st.from_regex(r"[a-z]+-[0-9a-f]{4}", fullmatch=True))
def test_no_other_text_is_part_of_a_cause(text: str | None) -> None:
    """An id, a sentence or a secret would make each failure a cause of its own, or be shown."""
    cause = worded("status 503", text)
    if cause != "status 503":
        assert cause == f"status 503 {text}"
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", text or "")
        assert len(text or "") <= 40


def test_the_end_of_a_websocket_has_code_and_word() -> None:
    """The reason of a close frame tells a dependency that is away from a token that has expired."""
    known, other = closed_unexpectedly(1013, "dependency-unavailable"), closed_unexpectedly(1011, "error 4711 at 10:03")
    assert (known.cause, known.detail) == ("closed unexpectedly 1013 dependency-unavailable", "dependency-unavailable")
    assert (other.cause, other.detail) == ("closed unexpectedly 1011", "error 4711 at 10:03")
