import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.clients.disclosure import disclosed
from fixtures.contract.answer import Answer, Headers


def _answer(body: bytes) -> Answer:
    return Answer(200, Headers(), body, 0.1)


@given(st.dictionaries(st.sampled_from("abcdef"), st.from_regex(r"[+a-z@.]{5,12}", fullmatch=True)), st.data())
def test_whatever_stands_in_the_body_is_named(what: dict[str, str], data: st.DataObject) -> None:
    """Each text in the body is named, under whatever field it is, and no other is."""
    there = set(data.draw(st.lists(st.sampled_from(sorted(what)), unique=True))) if what else set()
    body = json.dumps({"whatever": [what[name] for name in sorted(there)]})
    assert set(disclosed(_answer(body.encode()), **what)) == {name for name, text in what.items() if text in body}
    assert there <= set(disclosed(_answer(body.encode()), **what))


@pytest.mark.parametrize(
    ("body", "told"),
    [('{"code": 123456}', True), ('{"code": "123456"}', True), ("is 123456.", True), ("id-0123456-1234567", False)],
)
def test_digits_count_as_a_word_of_their_own(body: str, *, told: bool) -> None:
    """Six digits that are part of an id give no code away."""
    assert disclosed(_answer(body.encode()), code="123456") == (("code",) if told else ())


def test_a_body_that_is_no_text_gives_nothing_away() -> None:
    """Whatever the bytes are, looking into them raises nothing."""
    assert disclosed(_answer(b"\xff\xfe123456"), code="123456") == ("code",)
    assert disclosed(_answer(b"\xff\x00"), email="a@b") == ()
