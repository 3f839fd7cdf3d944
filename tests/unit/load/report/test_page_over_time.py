"""The run over time on its page."""

import re
from dataclasses import replace

import pytest

from loadtests.counts import NEVER
from loadtests.numbers import NOTHING, latency
from loadtests.report.model import LoadRun
from loadtests.report.page import page
from loadtests.report.series import series
from loadtests.verdict import Outcome
from tests.unit.load.report import runs
from tests.unit.load.report.test_page import read
from tests.unit.load.report.test_verdict import RUNS


def waiting(run: LoadRun) -> str:
    """The figure of what people wait for beside requests; empty if the page has none."""
    return next((figure for figure in page(run).split("<figure>") if 'id="waiting-title"' in figure), "")


def lines(figure: str) -> list[tuple[str, str]]:
    """Path and name of each line."""
    paths = re.findall(r'<path class="line [\w -]+" d="([^"]*)"', figure)
    return list(zip(paths, re.findall(r'<text class="label [\w -]+"[^>]*>([^<]*)<', figure), strict=True))


def p95(run: LoadRun, name: str) -> float | None:
    """Of all its samples."""
    return run.counts.tallies[name].latencies.quantile(0.95)


def test_an_hour_is_drawn_in_few_moments() -> None:
    """The series of an hour is thinned for charts: nothing counted is lost, and the worst second is still seen."""
    run = runs.load_run(replace(runs.SOAK, rate=2))
    fine, coarse = series(run), series(run, 240)
    assert len(fine) == 3_600
    assert len(coarse) == 240
    assert sum(moment.requests for moment in coarse) == sum(moment.requests for moment in fine)
    assert max(moment.highest or 0 for moment in coarse) == max(moment.highest or 0 for moment in fine)


def test_an_outage_is_drawn_as_one() -> None:
    """Seconds in which work was started and nothing ended are shaded, and a run of nothing else has no latencies."""
    stalled = read(runs.load_run(runs.STALLED))
    shades = [attributes for _, attributes in stalled.elements if attributes.get("class") == "silent"]
    assert len(shades) == len(runs.STALLED.stalls)
    assert "Shaded: work was started and nothing was answered." in stalled.text
    dead = read(runs.load_run(replace(runs.HEALTHY, seconds=5, stalls=frozenset(range(5)))))
    assert "Nothing was answered." in dead.text
    assert "Nothing arrived." not in dead.text


def test_the_part_of_a_second_with_which_a_run_begins_or_ends_is_no_outage() -> None:
    """What began a moment before its end could not be answered in it; with the second beside it, it is one."""
    for stalls, shaded in (({0}, 0), ({29}, 0), ({0, 1}, 2), ({28, 29}, 2), ({0, 4, 29}, 1)):
        drawn = read(runs.load_run(replace(runs.HEALTHY, seconds=30, stalls=frozenset(stalls))))
        shades = [attributes for _, attributes in drawn.elements if attributes.get("class") == "silent"]
        assert len(shades) == shaded
        assert ("Shaded: work was started and nothing was answered." in drawn.text) == bool(shaded)
    beginning = frozenset(range(15))  # as wide as a moment of an hour is
    drawn = read(runs.load_run(replace(runs.HEALTHY, seconds=3_600, rate=2, stalls=beginning)))
    assert sum(attributes.get("class") == "silent" for _, attributes in drawn.elements) == 1


def test_a_run_that_calls_no_operation_is_none_in_which_nothing_was_answered() -> None:
    """Of a profile of nothing but connections the page says what ended, and that no operation was called."""
    text = read(runs.connecting()).text
    assert "No operation was called. What ended: connecting 132, connection 132." in text
    assert "Requestsnone: no operation was called" in text
    assert "An arrival is one journey, and none calls an operation." in text
    assert "Nothing was answered." not in text
    assert "No operation was called, and nothing ended." in read(runs.connecting(seconds=0)).text
    assert "no operation" not in read(RUNS[Outcome.GO]).text.lower()


def test_where_no_operation_was_answered_it_is_said_what_ended_all_the_same() -> None:
    """Where requests hang and messages still come, both are said."""
    run = runs.load_run(replace(runs.HEALTHY, seconds=2, stalls=frozenset({0, 1})))
    run.counts.add("delivery", runs.BEGAN, [0.05, 0.06])
    assert "No operation was answered. What ended: delivery 2." in read(run).text


def test_what_people_wait_for_beside_requests_has_a_picture_over_time() -> None:
    """Of messages, calls and connections it is drawn and told what they took when; of journeys it is not."""
    run = runs.connecting(seconds=3)
    for second, slow in ((0, 1), (1, 10)):
        took = [slow * number / 1000 for number in range(1, 101)]
        run.counts.add("call", run.first_second + second, took)
    figure = waiting(run)
    assert re.search(r"<title>0:00: call p50 (49|50)[.\d]* ms, p95 9[45][.\d]* ms, of 100; connection p50 ", figure)
    assert re.search(r"<title>0:01: call p50 (49|50)\d ms, p95 9[45]\d ms, of 100; connection p50 ", figure)
    assert re.search(r"<title>0:02: connection p50 [^;]*, of 33</title>", figure)
    assert [name for _, name in lines(figure)] == [
        f"{name} {latency(p95(run, name))}" for name in ("call", "connection")
    ]
    assert "connecting" not in figure
    assert not waiting(runs.load_run(replace(runs.BRIEF, besides={"chatting": (-1.0, 0.4)})))


def test_a_line_is_broken_where_nothing_of_its_kind_ended() -> None:
    """An outage of messages is seen as one, and a moment in which none came is not told as one in which they did."""
    run = runs.load_run(replace(runs.HEALTHY, seconds=9, besides={}))
    for second in (0, 1, 2, 5, 6):
        run.counts.add("delivery", run.first_second + second, [0.05])
    run.counts.add("call", run.first_second + 4, [0.3])
    (messages, _), (calls, _) = lines(waiting(run))
    assert [piece.count("L") for piece in messages.split("M")[1:]] == [2, 1]
    begin, end = (float(x) for x in re.findall(r"[ML]([\d.]+) ", calls))
    assert end - begin == pytest.approx(5), "a single one is seen, also by a line of dashes"
    assert f"<title>0:03: {NOTHING}</title>" in waiting(run)


def test_what_never_came_is_beyond_every_limit_and_limits_are_those_of_what_is_drawn() -> None:
    """A second in which messages were lost reaches the upper edge, and no line of an operation is one of theirs."""
    text = "*: p95 <= 700 ms\ndelivery: p99 <= 2 s\ndelivery: share over 2 s <= 5 %\nchatting: p99 <= 5 s"
    run = runs.load_run(runs.BRIEF, runs.profile(text))
    assert re.findall(r'class="limit-text"[^>]*>([^<]*)<', waiting(run)) == ["limit 2 s: delivery"]
    assert ">never</text>" not in waiting(run)
    run.counts.add("delivery", run.first_second + 1, [NEVER] * 99)
    assert ">never</text>" in waiting(run)
    assert " 22.0L" in lines(waiting(run))[0][0]
    lost = runs.load_run(replace(runs.BRIEF, besides={}))
    lost.counts.add("call", lost.first_second, [NEVER], ["no answer"])
    assert [name for _, name in lines(waiting(lost))] == ["call never"]
