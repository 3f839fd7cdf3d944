"""Charts of a load run's page."""

import re
from dataclasses import replace

from loadtests.report.page import page
from loadtests.verdict import Outcome
from tests.unit.load.report import runs
from tests.unit.load.report.test_page import read
from tests.unit.load.report.test_verdict import RUNS


def test_the_names_of_lines_are_below_a_chart_too() -> None:
    """On a phone they are out of sight, where lines end: each stands below, by the colour that its line has."""
    html = page(RUNS[Outcome.NO_GO])
    for figure in html.split("<figure>")[1:]:
        beside = re.findall(r'<text class="label ([\w -]+)"[^>]*>([^<]*)</text>', figure)
        below = re.findall(r'<span class="key ([\w -]+)"></span>([^<]*)</span>', figure)
        assert sorted(beside) == sorted(below) != []
        assert not [class_ for class_, _ in below if class_ != "other" and f".key.{class_.split()[-1]}" not in html]


def test_name_of_a_high_limit_does_not_stand_in_the_unit() -> None:
    """A limit near the upper edge has its name below its line, where it is read apart from what the axis is of."""
    html = page(runs.load_run(runs.BRIEF, runs.profile("*: p95 <= 16 s\neach: errors <= guide")))
    chart = next(figure for figure in html.split("<figure>") if "from the intended start" in figure)
    unit, limit = (
        float(y)
        for text in ("time to answer, from the intended start", "limit 16 s")
        for y in re.findall(rf'y="([\d.]+)"[^>]*>{text}', chart)
    )
    assert limit - unit > 12


def test_names_that_begin_alike_are_told_apart() -> None:
    """Of a long name the last words are shown, and each line is of a kind of its own, for who sees only grey."""
    operations = {f"video-call-signaling {name}": 0.9 for name in ("createCall", "acceptCall", "hangUpCall")}
    html = page(runs.load_run(replace(runs.BRIEF, operations=operations)))
    labels = re.findall(r'class="label (other[\w -]*)"[^>]*>…(\w+)</text>', html)
    assert {name for _, name in labels} == {"createCall", "acceptCall", "hangUpCall"}
    assert len({kind for kind, _ in labels}) == len(labels)


def test_seconds_side_by_side_have_no_gap_between_their_bars() -> None:
    """A hairline of paper there would be taken for a time without arrivals."""
    elements = read(RUNS[Outcome.GO]).elements
    bars = [
        (float(str(attributes["x"])), float(str(attributes["width"])))
        for element, attributes in elements
        if element == "rect" and attributes.get("class") == "asked"
    ]
    assert len(bars) == runs.HEALTHY.seconds
    assert [round(x + width - 0.1, 1) for x, width in bars[:-1]] == [x for x, _ in bars[1:]]


def test_a_line_is_not_behind_bars_that_are_higher() -> None:
    """Where more arrivals are refused than started, it is still seen how many were started, and so where all fails."""
    html = page(runs.load_run(replace(runs.BRIEF, refused=0.8, errors=1.0)))
    for line in ("started", "answered"):
        chart = next(figure for figure in html.split("<figure>") if f'class="line {line}"' in figure)
        assert 0 < chart.rindex('class="bad"') < chart.index(f'class="line {line}"')


def test_a_single_operation_has_one_curve() -> None:
    """Its own would lie under that of all, and be taken for one that is missing."""
    two = ["auth logIn", "chat sendMessage"]
    for operations, drawn in ((two[:1], []), (two, two)):
        html = page(runs.load_run(replace(runs.BRIEF, operations=dict.fromkeys(operations, 0.9))))
        labels = re.findall(r'class="label other[\w -]*"[^>]*>([^<]*)</text>', html)
        assert sorted(label for label in labels if label not in {"chatting", "delivery"}) == sorted(drawn)
        assert {"chatting"} <= {*labels}
