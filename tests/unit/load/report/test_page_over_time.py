"""The run over time on its page."""

from dataclasses import replace

from loadtests.report.series import series
from loadtests.verdict import Outcome
from tests.unit.load.report import runs
from tests.unit.load.report.test_page import read
from tests.unit.load.report.test_verdict import RUNS


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
