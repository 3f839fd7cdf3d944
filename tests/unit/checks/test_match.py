import json
import re
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks import match
from fixtures.checks.difference import MISSING, Mismatch, first_difference, hidden, show

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@dataclass(frozen=True)
class Profile:
    user_id: str
    tags: tuple[str, ...] = ()
    bio: str | None = None


ANNA = Profile("u1", ("x", "y"))


@dataclass(frozen=True)
class Person:
    user_id: str
    tags: tuple[str, ...] = ()
    bio: str | None = None
    seen: int = field(default=0, compare=False)


def found(matcher: match.Matcher, value: object) -> Mismatch:
    mismatch = matcher.match(value)
    assert mismatch is not None
    return mismatch


@given(JSON)
def test_a_value_equals_itself(value: object) -> None:
    """Every value equals itself, however deep it is."""
    assert match.equals(value).match(value) is None


@given(JSON, JSON)
def test_equality_is_that_of_json(one: object, other: object) -> None:
    """Two JSON values match exactly if their JSON texts are equal: true is not 1."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (match.equals(one).match(other) is None) == same


def test_the_path_of_the_first_difference_is_told() -> None:
    """A mismatch names the path of the first difference and what stands there on both sides."""
    mismatch = first_difference({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]})
    assert mismatch == Mismatch("'x'", "'y'", "['a'][1]['b']")
    assert first_difference(ANNA, Profile("u1", ("x", "z"))) == Mismatch("'y'", "'z'", ".tags[1]")


@pytest.mark.parametrize(
    ("expected", "got", "path"),
    [
        ({"a": 1}, {}, "['a']"),
        ({}, {"a": 1}, "['a']"),
        ({"a": None}, {}, "['a']"),
        ({}, {"a": None}, "['a']"),
        ([1, 2], [1], "[1]"),
        ([1], [1, 2], "[1]"),
        ([match.at_most(1), match.at_most(1)], [1], "[1]"),
        ([1], "1", ""),
        (b"a", [97], ""),
        (ANNA, Person("u1", ("x", "y")), ""),
        (re.compile("a"), "b", ""),
        (1, True, ""),
    ],
)
def test_a_missing_or_further_part_is_a_difference(expected: object, got: object, path: str) -> None:
    """A part that is missing, further or of another kind is a difference, and is located."""
    mismatch = first_difference(expected, got)
    assert mismatch is not None
    assert mismatch.path == path


def test_what_a_record_leaves_out_of_comparison_is_no_difference() -> None:
    """A record compares as it says itself."""
    assert first_difference(Person("u1", seen=1), Person("u1", seen=2)) is None


def test_a_long_text_is_shown_around_the_difference() -> None:
    """Long texts are shown around the place where they part, not whole."""
    mismatch = found(match.equals("a" * 900 + "b"), "a" * 900 + "c")
    assert mismatch.path == "[900]"
    assert "b" in mismatch.expected
    assert len(mismatch.expected) < 120
    assert first_difference("a" * 900, "a" * 900) is None
    early = found(match.equals("ab" + "a" * 900), "ac" + "a" * 900)
    assert early.path == "[1]"
    assert early.expected.startswith("902 characters, from 0 on: …'ab")
    assert found(match.equals("a" * 900), "a").path == "[1]"


def test_lists_and_tuples_of_equal_elements_are_equal() -> None:
    """JSON knows one kind of row, so a list equals a tuple."""
    assert first_difference([1, "a"], (1, "a")) is None


@given(JSON)
def test_whatever_is_shown_is_short_and_in_one_line(value: object) -> None:
    """No value makes a message of more than a few lines."""
    assert len(show(value)) < 5_000
    assert "\n" not in show(value)


def test_a_value_whose_repr_raises_can_be_shown() -> None:
    """A message can be written about any value."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Broken" in show(Broken())


def test_a_value_of_several_lines_is_shown_in_one() -> None:
    """A failure in one line stays in one, whatever it is about."""

    class Table:
        def __repr__(self) -> str:
            return "a\nb"

    assert show(Table()) == "a b"


HOLDS = [
    (match.has(user_id="u1"), ANNA),
    (match.has(user_id="u1", bio=match.absent()), {"user_id": "u1"}),
    (match.has(tags=match.contains("x")), ANNA),
    (match.contains(match.has(a=1)), [{"a": 2}, {"a": 1}]),
    (match.contains("ell"), "hello"),
    (match.contains_none("z"), ["x"]),
    (match.contains_none("z"), []),
    (match.exactly_once("x"), ["y", "x"]),
    (match.one_of(200, 201), 201),
    (match.is_not(5), 4),
    (match.at_most(2, "s"), 2),
    (match.at_least(2), 2.5),
    (match.between(1, 2), 1),
    (match.between(1, 2), 2),
    (match.equals([{"n": match.at_least(3)}]), [{"n": 3}]),
    (match.matches(r"\d+"), "123"),
    (match.length(2), "ab"),
    (match.length(match.at_least(1)), [1]),
    (match.empty(), []),
    (match.present(), 0),
    (match.absent(), None),
    (match.is_a(int), 3),
    (match.is_a(bool), True),
    (match.each(match.at_most(3)), [1, 3]),
    (match.same_items([1, 1, 2]), [1, 2, 1]),
    (match.all_of(match.at_least(1), match.at_most(3)), 2),
]
FAILS = [
    (match.has(user_id="u1"), None),
    (match.has(bio=None), {}),
    (match.has(nickname=None), ANNA),
    (match.has(bio=match.present()), {}),
    (match.has(tags=match.contains("z")), ANNA),
    (match.contains("x"), 5),
    (match.contains("x"), {"x": 1}),
    (match.contains(97), b"a"),
    (match.contains("xyz"), "hello"),
    (match.contains_none("x"), ["x"]),
    (match.contains_none("x"), None),
    (match.exactly_once("x"), ["x", "x"]),
    (match.exactly_once("x"), []),
    (match.one_of(200, 201), 500),
    (match.is_not(5), 5),
    (match.at_most(2), 2.1),
    (match.at_most(2), None),
    (match.at_most(2), True),
    (match.at_most(2), float("nan")),
    (match.at_least(2), "3"),
    (match.between(1, 2), 3),
    (match.equals([{"n": match.at_least(3)}]), [{"n": 2}]),
    (match.matches(r"\d+"), "123x"),
    (match.matches(r"\d+"), 123),
    (match.length(2), "abc"),
    (match.length(2), 2),
    (match.empty(), [1]),
    (match.empty(), None),
    (match.present(), None),
    (match.present(), MISSING),
    (match.absent(), 0),
    (match.is_a(int), True),
    (match.each(1), []),
    (match.each(1), [1, 2]),
    (match.same_items([1, 1]), [1, 2]),
    (match.same_items([1]), [1, 1]),
    (match.all_of(match.at_least(1), match.at_most(3)), 4),
]


@pytest.mark.parametrize(("matcher", "value"), HOLDS, ids=lambda case: str(getattr(case, "description", case)))
def test_it_matches(matcher: match.Matcher, value: object) -> None:
    """A matcher accepts what it describes."""
    assert matcher.match(value) is None
    assert matcher.describe()


@pytest.mark.parametrize(("matcher", "value"), FAILS, ids=lambda case: str(getattr(case, "description", case)))
def test_it_does_not_match(matcher: match.Matcher, value: object) -> None:
    """A matcher refuses anything else, values of another kind included, and says what it wanted and what it got."""
    mismatch = found(matcher, value)
    assert mismatch.expected
    assert mismatch.got


def test_a_limit_is_told_as_it_was_given() -> None:
    """A limit of many digits has all of them, and one of few no more."""
    assert match.at_least(15_552_000, "s").describe() == "at least 15552000 s"
    assert match.at_most(0.1).describe() == "at most 0.1"
    assert match.between(1.0, 10_000_001).describe() == "between 1 and 10000001"


def test_the_path_leads_through_nested_matchers() -> None:
    """A path leads through fields and elements to the value that is wrong."""
    mismatch = found(match.has(items=match.each(match.has(kind="a"))), {"items": [{"kind": "a"}, {"kind": "b"}]})
    assert mismatch == Mismatch("'a'", "'b'", ".items[1].kind", around="{'kind': 'b'}")


@given(st.lists(st.integers(0, 5)), st.integers(0, 5))
def test_exactly_once_counts(values: list[int], wanted: int) -> None:
    """Exactly once holds if and only if the count is one."""
    assert (match.exactly_once(wanted).match(values) is None) == (values.count(wanted) == 1)


@given(st.lists(st.integers(0, 4), max_size=5), st.lists(st.integers(0, 4), max_size=5))
def test_same_items_is_equality_without_order(expected: list[int], got: list[int]) -> None:
    """Same items holds if and only if both are equal when sorted."""
    assert (match.same_items(expected).match(got) is None) == (sorted(expected) == sorted(got))


@given(JSON, JSON)
def test_not_is_the_opposite(expected: object, value: object) -> None:
    """Exactly one of a matcher and its negation holds."""
    matcher = match.equals(expected)
    assert (matcher.match(value) is None) != (match.is_not(matcher).match(value) is None)


@given(st.text(max_size=8))
def test_a_pattern_must_match_the_whole_text(text: str) -> None:
    """A pattern covers the whole text, so that an id with rubbish behind it is no id."""
    assert match.matches(re.escape(text)).match(text) is None
    assert match.matches(re.escape(text)).match(text + "!") is not None


def test_a_matcher_within_a_value_is_shown_as_it_describes_itself() -> None:
    """Whoever reads what was expected reads words, wherever in it a matcher stands."""
    assert match.equals([{"n": match.at_least(3, "s")}]).describe() == "[{'n': at least 3 s}]"


@dataclass(frozen=True)
class Letter:
    PRIVATE: ClassVar[frozenset[str]] = frozenset({"text"})
    text: object
    page: int = 1


@given(st.text(min_size=1), st.text(min_size=1))
def test_of_a_private_field_no_more_than_its_length_is_told(text: str, wanted: str) -> None:
    """What was expected of a private field is told, and of what is there how long it is and whether it is the same."""
    letter = Letter(text * 100)
    mismatch = found(match.has(text=match.all_of(match.present(), match.equals(f"{wanted}."))), letter)
    assert mismatch.got == hidden(text * 100)
    assert mismatch.got.startswith(f"<{100 * len(text)} characters #")
    assert mismatch.path.startswith(".text")
    assert (hidden(text) == hidden(wanted)) == (text == wanted)


def test_of_what_is_within_a_private_field_nothing_is_shown_around_it() -> None:
    """The part of a private value that is wrong is as private as the whole."""
    letters = Letter(({"body": "dear bob"}, {"body": "dear eve"}))
    mismatch = found(match.has(text=match.each(match.has(body="dear bob"))), letters)
    assert (mismatch.got, mismatch.around) == ("<a tuple>", "")


def test_half_a_character_can_be_hidden() -> None:
    """What JSON may hold and UTF-8 may not breaks no message."""
    assert hidden("\ud800").startswith("<1 characters #")


def test_what_is_hidden_says_what_kind_it_is() -> None:
    """A private field that is empty, missing or of another kind is told as such, and another field as it is."""
    assert found(match.has(text="x"), Letter(None)).got == "None"
    assert found(match.has(text="x"), Letter(12345)).got == "<a int>"
    assert found(match.has(text="x"), Letter(b"abc")).got.startswith("<3 bytes #")
    assert found(match.has(page=2), Letter("x")).got == "1"
    assert hidden(MISSING) == repr(MISSING)
