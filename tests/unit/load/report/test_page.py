"""What a load run shows to people in the browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from loadtests.numbers import NOTHING, latency
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import Segment
from loadtests.report.charts.distribution import Curve, distribution_chart
from loadtests.report.charts.interval import interval_plot
from loadtests.report.markup import render, tag
from loadtests.report.metrics import CPU, REQUESTS
from loadtests.report.model import LoadRun, Reading
from loadtests.report.page import page
from loadtests.report.series import overall
from loadtests.report.words import why
from loadtests.verdict import Outcome
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs
from tests.unit.load.report.test_verdict import ALL, EMPTY, RUNS

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\x00 &lt;b&gt;"
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "footer", "section", "h1", "h2", "h3", "p", "dl", "dt"),
    *("dd", "div", "span", "strong", "small", "br", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li"),
    *("figure", "figcaption", "svg", "g", "path", "rect", "line", "circle", "text"),
}


class Reader(HTMLParser):
    """Collects elements, attributes and text; complains of what does not nest."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def read(run: LoadRun) -> Reader:
    reader = Reader()
    reader.feed(page(run))
    reader.close()
    return reader


def hostile() -> LoadRun:
    run = runs.load_run(replace(runs.BURSTING, seconds=40))
    run.counts.add(HOSTILE, runs.BEGAN, [0.1] * 30, [HOSTILE] * 3)
    return replace(
        run,
        notes=(HOSTILE,),
        environment={**runs.ENVIRONMENT, "name": HOSTILE, "provenance": {HOSTILE: "real"}},
        contacts={"on_call": HOSTILE},
        readings=tuple(replace(reading, service=HOSTILE) for reading in run.readings),
    )


@pytest.mark.parametrize("name", ALL)
def test_the_page_refers_to_nothing_outside_itself(name: str) -> None:
    """No element can load or lead anywhere, no style fetches, nothing runs, and the browser is told to forbid it."""
    html, reader = page(ALL[name]), read(ALL[name])
    assert {element for element, _ in reader.elements} <= ALLOWED
    for _, attributes in reader.elements:
        assert not {"src", "href", "xlink:href", "srcset", "action", "data", "background"} & set(attributes)
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
    assert not re.search(r"url\(|@import|javascript:", html)
    assert "default-src 'none'" in html


def test_what_a_platform_says_cannot_become_markup() -> None:
    """Whatever stands in a cause, a name or a note is text on the page."""
    reader = read(hostile())
    assert {element for element, _ in reader.elements} <= ALLOWED
    assert reader.text.count("<script>alert(1)</script>") > 3
    assert not [attributes for _, attributes in reader.elements if "onerror" in attributes]


@pytest.mark.parametrize("outcome", RUNS)
def test_the_verdict_comes_first(outcome: Outcome) -> None:
    """The first words of the page are what was run, whether that forbids a release, and the reasons for it."""
    text = read(RUNS[outcome]).text
    assert ("o not release" in text) == (outcome is not Outcome.GO)
    assert text.index(outcome.value) < text.index("Why") < text.index("What to do next") < text.index("The run")
    assert why(RUNS[outcome])[0] in text


@pytest.mark.parametrize("name", ALL)
def test_a_report_has_all_its_parts(name: str) -> None:
    """Whatever became of the run, each part is there, in its order, with a picture or with words."""
    parts = ("Latency over time", "Distribution of latencies", "Arrivals and answers over time", "Errors by cause")
    more = ("Soundness of the generator", "The platform's own metrics", "How it was judged")
    assert re.findall("<h2>(.*?)</h2>", page(ALL[name])) == ["The run", "Budget", *parts, *more]


def test_numbers_beside_the_lines_of_latencies_are_those_of_the_whole_run() -> None:
    """At the end a handful of requests is answered, and what they took is no word on the run."""
    run = runs.load_run(runs.HEALTHY)
    run.counts.add("chat sendMessage", runs.BEGAN + runs.HEALTHY.seconds, [0.001], plotted=True)
    everything = overall(run.counts.tallies, run.profile.called)
    html = page(replace(run, ended=run.ended + 1))
    for name, quantile in (("slowest", 1.0), ("p99", 0.99), ("p95", 0.95), ("p50", 0.5)):
        assert f">{name} {latency(everything.quantile(quantile))}</text>" in html
    assert f"of the whole run: slowest {latency(everything.quantile(1.0))}, p99 " in html


def test_limits_that_are_close_are_named_one_below_the_other() -> None:
    """The names of 500 ms, 800 ms and 1 s are not written over each other."""
    lines = "".join(f"each: share over {limit} <= 50 %\n" for limit in ("500 ms", "800 ms", "1 s"))
    html = page(runs.load_run(runs.BRIEF, runs.profile(lines, lasts=4.0)))
    places = sorted(float(y) for y in re.findall(r'class="limit-text" x="70" y="([\d.]+)">limit ', html))
    assert len(places) == 3
    assert min(below - above for above, below in pairwise(places)) >= 12


def test_the_tail_has_as_much_room_as_the_rest() -> None:
    """On the axis of the distribution it is as far from 99 to 99.9 percent as from 90 to 99: a tail can be read."""
    run = RUNS[Outcome.NO_GO]
    chart = distribution_chart([Curve("all", "main", overall(run.counts.tallies, run.profile.called))], [])
    assert chart is not None
    places = {text.text: float(text.attrib["x"]) for text in chart.iter("text") if "%" in (text.text or "")}
    nines = [places[f"{share} %"] for share in ("90", "99", "99.9")]
    assert nines[1] - nines[0] == pytest.approx(nines[2] - nines[1], abs=1)


@pytest.mark.parametrize("name", ALL)
def test_every_question_has_its_row(name: str) -> None:
    """Each question of the budget is on the page once, with a picture of its interval; what needs somebody is first."""
    reader, answers = read(ALL[name]), ALL[name].verdict.answers
    intervals = [attributes for _, attributes in reader.elements if "interval" in str(attributes.get("class")).split()]
    assert len(intervals) == len(answers)
    order = ["failed", "undecided", "not-run", "watched", "held"]
    places = [order.index(str(attributes["class"]).split()[1]) for attributes in intervals]
    assert places == sorted(places)


def test_a_phone_shows_between_what_a_line_that_holds_lies() -> None:
    """Of such a line a narrow page leaves out picture and small print, but not the bounds of the share in its cell."""
    row = next(row for row in page(RUNS[Outcome.GO]).split("<tr>") if 'class="interval held"' in row)
    assert re.search(r"</svg><small>[^<]+ % to [^<]+ %</small></div></td>", row.replace("&lt;", ""))


def test_pictures_are_described() -> None:
    """Every picture has a name for who cannot see it, and no two elements have the same id."""
    reader = read(RUNS[Outcome.NO_GO])
    pictures = [attributes for element, attributes in reader.elements if element == "svg"]
    titles = reader.elements.count(("title", {}))
    assert pictures
    assert all(attributes.get("role") == "img" for attributes in pictures)
    assert titles >= len(pictures) - 5
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0


def test_what_was_not_measured_is_left_blank() -> None:
    """A lag that nobody measured makes the run INVALID, and the page has no number for it."""
    run = runs.load_run(runs.BRIEF, facts=replace(SOUND, start_lag=float("nan")))
    reader = read(run)
    assert f"arrivals were started {NOTHING} s late" in reader.text
    assert not [attributes for _, attributes in reader.elements if "nan" in str(attributes.get("aria-label"))]


def test_an_empty_run_is_a_page_that_says_so() -> None:
    """Where nothing was counted there are words instead of pictures."""
    text = read(EMPTY).text
    for words in ("Nothing was answered.", "Nothing arrived.", "Nothing was counted."):
        assert words in text


def test_answers_without_arrivals_are_drawn() -> None:
    """Where nobody told of arrivals, what was answered is still drawn."""
    run = quiet()
    run.counts.asked.clear()
    run.counts.started.clear()
    drawn = [attributes.get("id") for _, attributes in read(run).elements]
    assert "answers-title" in drawn
    assert "arrivals-title" not in drawn


def test_what_no_samples_settle_is_told() -> None:
    """A question that no number of samples settles is said to be at its limit, but not one that is far beyond."""
    run = RUNS[Outcome.INCONCLUSIVE]
    answers = tuple(replace(answer, more=None) for answer in run.verdict.answers)
    assert "at its limit" in read(replace(run, verdict=replace(run.verdict, answers=answers))).text
    far = tuple(replace(answer, bad=answer.samples // 2) for answer in answers)
    text = read(replace(run, verdict=replace(run.verdict, answers=far))).text
    assert "one look at a whole run" in text
    assert "at its limit" not in text


def test_what_a_late_generator_may_have_broken_is_not_said_to_lie_at_its_limit() -> None:
    """Nothing is blamed on the platform, and no further samples are asked for: a sound generator is."""
    run = runs.load_run(runs.BURSTING, facts=replace(SOUND, start_lag=0.02))
    left = [answer for answer in run.verdict.answers if not answer.judged]
    reader = read(run)
    assert len(left) == reader.text.count("a sound generator") > 0
    assert reader.text.count("not judged") == len(left) + 1
    assert "at its limit" not in reader.text


def test_what_is_settled_takes_no_line_to_say_so() -> None:
    """An empty cell is left out on a narrow window, where each stands on a line of its own."""
    answers = RUNS[Outcome.GO].verdict.answers
    assert page(RUNS[Outcome.GO]).count('data-label="To settle it"></td>') == len(answers)


def test_closed_arrivals_are_said_to_be_closed() -> None:
    """A run of users who wait says so, and what that means."""
    run = RUNS[Outcome.GO]
    closed = replace(run, profile=replace(run.profile, arrivals="closed"))
    assert "each user waited for the answer" in read(closed).text
    assert "each user waited for the answer" not in read(run).text


def test_an_interval_is_drawn_on_its_side_of_the_limit() -> None:
    """What holds ends left of the limit, what is broken begins right of it."""
    answers = [answer for run in RUNS.values() for answer in run.verdict.answers if answer.samples]
    for answer in answers:
        drawing = interval_plot(answer)
        bar = next(part for part in drawing if part.get("class") == "range")
        limit = next(float(part.get("x1", "")) for part in drawing if part.get("class") == "limit")
        begin = float(bar.get("x", ""))
        assert (begin >= limit) == (answer.lower >= answer.question.allowed)


def test_text_is_kept_in_order_around_elements() -> None:
    """Texts and elements stand as they were given."""
    assert "<p>a<br>b<b>c</b>d</p>" in render(tag("p", "a", tag("br"), "b", tag("b", "c"), "d"))


def quiet(text: str = runs.BUDGET) -> LoadRun:
    """A run of the smallest kind: one operation, no failures."""
    operations = {"chat sendMessage": 0.01}
    world = replace(runs.HEALTHY, seconds=3, errors=0.0, operations=operations)
    return runs.load_run(world, runs.profile(text, frozenset(operations)))


def test_a_budget_that_asks_nothing_is_told() -> None:
    """Without questions there is a sentence instead of a table, and no limit in any picture."""
    run = quiet("*: errors <= 1 %")
    reader = read(replace(run, verdict=replace(run.verdict, answers=())))
    assert "The budget asks nothing of what the profile calls." in reader.text
    assert not [attributes for _, attributes in reader.elements if attributes.get("class") == "limit"]
    assert "Nothing failed." in reader.text


def test_what_the_run_was_is_told() -> None:
    """Idle connections, rates of their own, notes, an early end and a build that nobody confirmed are on the page."""
    run = quiet()
    profile = replace(
        run.profile,
        connections=20_000,
        rates=(OperationRate("chat sendMessage", (Segment(60.0, 5.0, 40.0),)),),
        phases=(),
    )
    facts = replace(run.facts, interrupted="Ctrl-C")
    text = read(replace(run, profile=profile, facts=facts, notes=("a note",), sightings=())).text
    for words in (
        "browsing 60 %; chatting 30 %",
        "20,000 websockets held idle",
        "at a rate of its own: chat sendMessage (at most 40 a second)",
        "a note",
        "ended early: Ctrl-C",
        "prod-1a2b3c4 was meant, nobody said",
    ):
        assert words in text
    unknown = replace(run, environment={**runs.ENVIRONMENT, "build": None}, sightings=())
    assert "Buildnobody said" in read(unknown).text


def test_long_lists_are_cut_and_counted() -> None:
    """More reasons and causes than a person reads are counted, not listed."""
    run = quiet()
    for index in range(60):
        run.counts.add("chat sendMessage", runs.BEGAN, [0.01], [f"cause {index}"])
    reasons = run.verdict.reasons * 20
    text = read(replace(run, verdict=replace(run.verdict, reasons=reasons))).text
    assert "of rarer causes, in verdict.json" in text
    assert "more, line by line below" in text


def test_what_removing_people_asks_of_the_platform_is_not_shown() -> None:
    """Only what lay mostly within the run is: making its people and removing them are no load of the profile."""
    run = RUNS[Outcome.GO]
    at = {run.began + 1.0: 700.0, run.began + 6.0: 40.0, run.ended + 6.0: 900.0}
    text = read(
        replace(run, readings=tuple(Reading(second, "chat", REQUESTS, value) for second, value in at.items()))
    ).text
    assert "requests a second: at most 40 /s, at the end 40 /s" in text


def test_a_metric_that_one_service_lacks_is_left_blank() -> None:
    """Where one service tells what another does not, the other's place stays empty."""
    run = RUNS[Outcome.GO]
    readings = (
        Reading(runs.BEGAN + 5.0, "chat", REQUESTS, 4.0),
        Reading(runs.BEGAN + 5.0, "chat", CPU, 0.5),
        Reading(runs.BEGAN + 5.0, "auth", REQUESTS, 4.0),
    )
    text = read(replace(run, readings=readings)).text
    assert "0.5 cores" in text
    assert NOTHING in text[text.index("The platform's own metrics") : text.index("How it was judged")]
