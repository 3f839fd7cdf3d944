"""The time that an answer carries."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.answer import Answer, Headers
from fixtures.contract.date import seconds_of

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@given(MOMENTS)
def test_every_moment_is_read_as_it_was_written(moment: datetime) -> None:
    """An IMF-fixdate of any year is the second that was meant."""
    assert seconds_of(format_datetime(moment, usegmt=True)) == moment.timestamp()


@given(st.one_of(st.text(), st.from_regex(r"\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z")))
def test_whatever_else_comes_is_a_second_or_nothing(text: str) -> None:
    """No header of anybody's breaks whoever reads it."""
    found = seconds_of(text)
    assert found is None or format_datetime(datetime.fromtimestamp(found, UTC), usegmt=True)[4:] in text


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "Sat, 31 Feb 2026 10:00:00 GMT", "Sat, 28 Nov 2026 24:00:00 GMT", "Sat, 28 Nov 2026 10:00:00"),
        *("Sat, 28 Nov 2026 10:00:00 GMT+2", "Sat, 28 Nov 2026 10:00:00 GMT, Sat, 28 Nov 2026 10:00:00 GMT"),
    ],
)
def test_no_moment_is_none(text: str) -> None:
    """What is no date is none, and not the nearest."""
    assert seconds_of(text) is None


@pytest.mark.parametrize(("age", "known"), [({}, True), ({"Age": "0"}, True), ({"Age": "12"}, False)])
def test_what_a_cache_kept_is_of_no_known_moment(age: dict[str, str], *, known: bool) -> None:
    """An answer that comes from a cache was given earlier, and its date says when."""
    answer = Answer(200, Headers({"Date": "Sat, 28 Nov 2026 06:30:00 GMT", **age}), b"", 0.0)
    assert answer.moment == (1_795_847_400 if known else None)
