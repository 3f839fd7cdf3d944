"""What a target says, counted: a bounded number of texts of bounded length, and nothing that was counted is lost."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.served_by import ServedBy, parse
from loadtests import said
from loadtests.counts import Counts
from loadtests.failure import OWN, SOMEBODY_ELSES, everywhere
from loadtests.said import LONGEST, MOST, OTHERS, Said, cut

FEW = 3
"""As many as are told apart here, so that there soon are more."""
Key = tuple[str, str]
COUNTED = st.tuples(
    st.tuples(
        st.sampled_from(["chat", "auth"]),
        st.sampled_from([f"{SOMEBODY_ELSES} mail", f"{OWN}no port left", OTHERS, "a" * 500, "a" * 499 + "b"])
        | st.text("ab", max_size=4),
    ),
    st.integers(1, 9),
)


def counted(pairs: Sequence[tuple[Key, int]]) -> Said[Key]:
    found: Said[Key] = Said()
    for key, times in pairs:
        found.add(key, times)
    return found


def merged(one: Said[Key], other: Said[Key]) -> Said[Key]:
    both = counted([])
    both.merge(one)
    both.merge(other)
    return both


def expected(pairs: Sequence[tuple[Key, int]]) -> dict[Key, int]:
    """The same by what is said of it: all of them in their order, and behind the few everything together."""
    found: dict[Key, int] = {}
    for subject in {subject for (subject, _), _ in pairs}:
        times: Counter[str] = Counter()
        for (whose, text), number in pairs:
            times[cut(text)] += number if whose == subject else 0
        others = times.pop(OTHERS, 0)
        ranked = sorted(+times, key=lambda text: (not text.startswith((OWN, SOMEBODY_ELSES)), len(text), text))
        others += sum(times[text] for text in ranked[FEW:])
        found |= {(subject, text): times[text] for text in ranked[:FEW]} | (
            {(subject, OTHERS): others} if others else {}
        )
    return found


@given(st.lists(st.lists(COUNTED), max_size=6), st.randoms())
def test_pieces_add_up_to_the_same_in_whatever_order(pieces: list[list[tuple[Key, int]]], random: object) -> None:
    """However many processes have counted, whichever is added first, and whatever was added up before."""
    pairs = [pair for piece in pieces for pair in piece]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(said, "MOST", FEW)
        found = [counted(piece) for piece in pieces]
        random.shuffle(found)  # type: ignore[attr-defined]
        from_left = reduce(merged, found, counted([]))
        from_right = reduce(lambda sum_, one: merged(one, sum_), reversed(found), counted([]))
        assert from_left == from_right == counted(pairs) == expected(pairs)
        assert from_left.total() == sum(times for _, times in pairs)
        assert len(from_left) == len([*from_left]) <= 2 * (FEW + 1)
        others = [(subject, OTHERS) for subject in ("chat", "auth")]
        assert [key in from_left for key in others] == [key in [*from_left] for key in others]


@given(st.lists(st.tuples(st.sampled_from(["", "wrong"]), st.text("ab", max_size=4)), max_size=40), st.data())
def test_counts_of_a_target_with_many_names_add_up(answers: list[tuple[str, str]], data: st.DataObject) -> None:
    """Reports of every second, encoded and merged, are what one process would have counted."""

    def of(some: list[tuple[str, str]]) -> Counts:
        counts = Counts((0.5,))
        for cause, who in some:
            counts.add("chat", 1, [1.0], [who + cause] if cause else ())
            counts.gave("chat", who, 1.0, failed=bool(cause))
        return counts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(said, "MOST", FEW)
        at = data.draw(st.integers(0, len(answers)))
        total = Counts((0.5,))
        for piece in (answers[at:], answers[:at]):
            total.merge(Counts.decode(of(piece).encode()))
        assert total == of(answers)


def test_another_name_for_each_answer_fills_no_report() -> None:
    """As many instances and causes as answers are as much as a few hundred, and all of them are counted."""
    counts = Counts((0.5, 1.0))
    for number in range(5_000):
        counts.add("chat", 1, [2.0], [f"contract: {number}"])
        counts.gave("chat", f"chat-{number}", 2.0, failed=True)
    assert (len(counts.causes), len(counts.instances)) == (MOST + 1, 3 * (MOST + 1))
    assert (counts.causes.total(), counts.instances.total()) == (5_000, 15_000)
    assert counts.causes["chat", OTHERS] == 5_000 - MOST
    assert len(counts.encode()) < 64 * 1024


def test_what_decides_a_verdict_is_always_told_apart() -> None:
    """A target that fails in thousands of ways hides by none what is somebody else's, or the generator's own."""
    found = counted([(("chat", f"e{number}"), 1) for number in range(2 * MOST)])
    own = [f"{SOMEBODY_ELSES} conversation", f"{OWN}no file descriptor left"]
    for cause in own:
        found.add(("chat", cause))
    for number in range(2 * MOST):
        found.add(("chat", f"f{number}"))
    assert [found["chat", cause] for cause in own] == [1, 1]


@given(st.text(max_size=3), st.text(max_size=3), st.integers(0, 3) | st.integers(LONGEST - 3, LONGEST + 3))
def test_what_is_cut_is_short_and_still_differs(one: str, other: str, before: int) -> None:
    """Two builds that begin alike are two; and what is cut once is not cut again."""
    one, other = "x" * before + one, "x" * before + other
    assert max(len(cut(one)), len(cut(other))) <= LONGEST
    assert (cut(one) == cut(other)) == (one == other)
    assert cut(cut(one)) == cut(one)
    assert cut(one) == one or len(one) > LONGEST


def test_thousands_that_begin_alike_stay_apart() -> None:
    """However far behind they differ; and what is no Unicode of its own is cut like anything else."""
    assert len({cut("x" * 1_000 + str(number)) for number in range(1_000)}) == 1_000
    assert len(cut("\ud800" * 1_000)) == LONGEST


def test_what_is_cut_can_be_read_like_the_whole() -> None:
    """A token stays one, and a string of the header, too."""
    who = ServedBy(*(cut(letter * 1_000_000) for letter in "abcd"))
    assert parse(str(who)) == who


@given(st.integers(0, 10**7))
def test_one_wrong_field_of_a_list_is_one_cause(number: int) -> None:
    """Whichever item it is in; a mapping's key is none that it says."""
    assert everywhere(f"items[{number}].user_id") == "items[].user_id"
    assert everywhere("data[...].at") == "data[...].at"
