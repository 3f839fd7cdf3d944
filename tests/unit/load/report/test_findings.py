"""From broken questions to what broke them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally
from loadtests.counts import NEVER
from loadtests.failure import NO_ROOM
from loadtests.report.advice import steps
from loadtests.report.findings import doubts, troubles
from loadtests.report.model import LoadRun
from loadtests.report.page import page
from loadtests.report.terminal import closing_lines
from loadtests.said import OTHERS
from loadtests.verdict import Outcome, judge
from tests.unit.load.report import runs
from tests.unit.load.report.troubled import BEGAN, LASTED, PROFILE, RATE, judged, run


def generated_late(on_time: LoadRun) -> LoadRun:
    late = replace(on_time.facts, start_lag=2.4)
    return replace(on_time, facts=late, verdict=judge(PROFILE.plan, on_time.counts.tallies, late))


def run_down_at_last(cause: str) -> LoadRun:
    """For the last ten seconds all messages fail."""
    counts = run({}).counts
    tally = counts.tallies["chat sendMessage"] = Tally((1.0,))
    for second in range(LASTED):
        tally.add(BEGAN + second, [0.01] * RATE, RATE if second >= 50 else 0)
    counts.causes.add(("chat sendMessage", cause), 1_000)
    return judged(counts)


MOSTLY_LATE = {"time-out": -1_200, "status 502": 1_200}
"""Of 3,000 that failed, what becomes of those that had no answer in time."""


def test_a_healthy_run_has_no_trouble() -> None:
    """Nothing broken, nothing to lay to anybody, also where a few requests failed."""
    assert troubles(run({})) == ()
    assert troubles(run({"chat sendMessage": (0.01, "reset")})) == ()


def test_one_sick_service_is_one_cause() -> None:
    """All lines that one service breaks, of itself and of all operations, are one cause that names the worst of it."""
    (found,) = troubles(run({"chat sendMessage": (1.0, "refused"), "chat listMessages": (0.5, "status 503")}))
    assert (found.subject, found.bad, found.samples) == ("chat", 9_000, 12_000)
    assert found.share_of_all == 1
    assert len(found.lines) == 3
    assert found.headline(BEGAN, BEGAN + LASTED) == (
        "chat: 9,000 of 12,000 failed (75 %), mostly chat sendMessage: refused; throughout"
    )


def test_the_trace_of_what_most_failed_by_is_told_with_where_to_look() -> None:
    """By it the logs of the platform are searched; that of a rarer cause, or of what is only slow, is not told."""
    failed = run({"chat sendMessage": (1.0, "status 500"), "chat listMessages": (0.5, "status 503")})
    failed.counts.traced("chat listMessages", "status 503", BEGAN, "aaaa")
    assert not any("trace" in step for step in steps(failed))
    failed.counts.traced("chat sendMessage", "status 500", BEGAN, "bbbb")
    step = "Look first at chat: logs and metrics of the time that the causes name; one trace is bbbb."
    assert step in steps(failed)
    slow = run({}, slow=frozenset({"chat sendMessage"}))
    slow.counts.traced("chat sendMessage", "status 500", BEGAN, "bbbb")
    assert [trouble.trace for trouble in troubles(slow)] == [""]


def test_the_trace_of_the_slowest_is_told_where_most_were_slow() -> None:
    """Of the operation that the headline names, and if it took longer than the limit that was exceeded."""
    slow = run({}, slow=frozenset({"chat sendMessage"}))
    slow.counts.took("chat listMessages", 9.0, "aaaa")
    assert [trouble.trace for trouble in troubles(slow)] == [""]
    slow.counts.took("chat sendMessage", 1.0, "bbbb")
    assert [trouble.trace for trouble in troubles(slow)] == [""]
    slow.counts.took("chat sendMessage", 2.0, "cccc")
    assert [trouble.trace for trouble in troubles(slow)] == ["cccc"]
    assert any("one trace is cccc" in step for step in steps(slow))


def test_what_is_measured_beside_services_is_its_own_cause_and_comes_last() -> None:
    """Messages that are lost are told after the service that fails, by the name of what is measured."""
    found = troubles(run({"chat sendMessage": (0.5, "reset"), "delivery": (0.3, "lost"), "chatting": (0.5, "reset")}))
    assert [trouble.subject for trouble in found] == ["chat", "chatting", "delivery"]
    assert [trouble.worst for trouble in found] == ["chat sendMessage: reset", "reset", "lost"]


def test_failures_come_before_slowness() -> None:
    """Of two services the one that fails is told first, then the one that is slow, with its limit."""
    found = troubles(
        run({"friend-request listFriends": (0.5, "status 500")}, slow=frozenset({"user-profile readOwnProfile"}))
    )
    assert [(trouble.subject, trouble.limit) for trouble in found] == [("friend-request", None), ("user-profile", 1.0)]
    assert "took longer than 1 s" in found[1].headline(BEGAN, BEGAN + LASTED)


def test_who_hardly_adds_to_it_is_not_named() -> None:
    """A service with a hundredth of the failures is no cause of a broken line of all."""
    found = troubles(run({"chat sendMessage": (1.0, "refused"), "friend-request listFriends": (0.01, "reset")}))
    assert [trouble.subject for trouble in found] == ["chat"]
    assert found[0].share_of_all < 1


def test_what_is_measured_beside_services_is_told_with_its_services() -> None:
    """Whoever reads that deliveries fail is told whose logs to look at."""
    _, step = steps(run({"delivery": (0.3, "lost")}))
    assert step.startswith("Look first at delivery (chat, websocket-signaling): ")


def test_what_has_two_words_and_is_no_operation_is_told_by_both() -> None:
    """Fresh tokens are asked in every run, and their service is another than their first word."""
    counts = run({}).counts
    for second in range(2):
        counts.add("fresh tokens", BEGAN + second, [0.1] * 50, ["status 500"] * 25)
    stale = judged(counts)
    assert [found.subject for found in troubles(stale)] == ["fresh tokens"]
    assert steps(stale)[1].startswith("Look first at fresh tokens (auth): ")


def test_a_journey_that_fails_by_itself_is_told_with_the_services_of_its_steps() -> None:
    """What was answered well and is wrong fails no operation; beside a service that fails it names no more of them."""
    _, step = steps(run({"chatting": (0.5, "no welcome")}))
    assert step.startswith("Look first at chatting (chat, websocket-signaling): ")
    _, step = steps(run({"chat sendMessage": (0.5, "reset"), "chatting": (0.5, "reset")}))
    assert step.startswith("Look first at chat, chatting: ")


def test_a_journey_that_fails_by_one_step_is_told_with_the_service_of_that() -> None:
    """Whoever reads that a history has gaps need not look for them where messages are delivered."""
    _, step = steps(run({"chatting": (0.5, "history has gaps")}))
    assert step.startswith("Look first at chatting (chat): ")


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["history has gaps", "history out of order", "wrong seq", "lost"]) | st.text("a :"))
def test_whatever_a_journey_fails_by_its_own_services_are_told(cause: str) -> None:
    """No cause leads to a service that the journey has nothing to do with."""
    _, step = steps(run({"chatting": (0.5, cause or "reset")}))
    assert step.startswith(("Look first at chatting (chat): ", "Look first at chatting (chat, websocket-signaling): "))


def test_the_time_is_that_of_nine_in_ten() -> None:
    """A burst is found in its seconds, though single failures lie around it."""
    counts = run({}).counts
    tally = counts.tallies["chat sendMessage"] = Tally((1.0,))
    for second in range(LASTED):
        failed = 100 if 20 <= second < 35 else second % 30 == 0
        tally.add(BEGAN + second, [NEVER] * failed + [0.01] * (RATE - failed), failed)
    (found, *_) = troubles(judged(counts))
    assert (found.first - BEGAN, found.last - BEGAN) == (20, 34)
    assert found.worst == ""
    assert found.headline(BEGAN, BEGAN + LASTED).endswith("from 0:20 to 0:35")


def test_the_time_is_the_one_that_charts_have() -> None:
    """Both count from the second of the clock in which the run began, however late in it that was."""
    late = replace(runs.load_run(runs.World(burst=range(30, 45))), began=runs.BEGAN + 0.95)
    failed = re.findall(r"<title>(\d:\d\d): \d+ ended, [1-9]\d+ failed</title>", page(late))
    assert (failed[0], failed[-1]) == ("0:30", "0:44")
    assert troubles(late)[0].headline(late.began, late.ended).endswith("from 0:30 to 0:45")


def test_what_began_during_the_run_is_told_with_its_time() -> None:
    """When it began is what to look for in logs, also where it then lasted for most of the run."""

    def failing(seconds: range) -> str:
        counts = run({}).counts
        for second in seconds:
            counts.add("chat sendMessage", BEGAN + second, [0.01] * RATE, ["status 503"] * RATE)
        (found, *_) = troubles(judged(counts))
        return found.headline(BEGAN, BEGAN + LASTED).rpartition("; ")[2]

    assert failing(range(12, LASTED)) == "from 0:12 to 1:00"
    assert failing(range(48)) == "from 0:00 to 0:48"
    assert failing(range(LASTED)) == "throughout"
    assert failing(range(9, 51)) == "throughout"
    assert failing(range(9, 50)) == "from 0:09 to 0:50"
    assert failing(range(10, 51)) == "from 0:10 to 0:51"


def test_what_is_worse_than_allowed_is_told_where_nothing_is_proven() -> None:
    """A platform that went down near the end is named with its time, though one burst proves little."""
    down = run_down_at_last("status 503")
    told = "chat: 1,000 of 12,000 failed (8.33 %), mostly chat sendMessage: status 503; from 0:50 to 1:00"
    assert down.verdict.outcome is Outcome.INCONCLUSIVE
    assert [one.headline(down.began, down.ended) for one in doubts(down)] == [told]
    assert troubles(down) == ()
    assert f"though it is not proven:\n  {told}\nwhy:" in "\n".join(closing_lines(down, "runs/x"))
    assert f"though it is not proven</h3><ul><li>{told}</li></ul>" in page(down)
    assert steps(down)[0].startswith("Look first at chat: ")
    assert doubts(run({"chat sendMessage": (0.01, "reset")})) == ()


@pytest.mark.parametrize(
    ("cause", "first"),
    [
        ("certificate: self-signed certificate", "at the way there"),
        ("certificate: certificate has expired", "at the clock of the generator's machine"),
        ("time-out connecting", "at the way there"),
        ("refused", "at the way there"),
        ("status 429", "whether something limits how much one address may ask"),
        ("status 429 before the service", "whether something limits how much one address may ask"),
        ("contract: compressed", "at the CDN or the edge"),
        ("status 403 before the service", "at the balancer, the CDN or a firewall"),
        ("status 502 before the service", "at chat"),
        ("status 503", "at chat"),
    ],
)
def test_what_is_no_services_doing_sends_nobody_to_services(cause: str, first: str) -> None:
    """Whoever is asked first is named by failures on the way there, too, and its logs have nothing of them."""
    broken = run({"chat sendMessage": (1.0, cause), "chat listMessages": (0.5, "reset")})
    assert steps(broken)[1].startswith(f"Look first {first}")
    assert steps(run_down_at_last(cause))[0].startswith(f"Look first {first}")


def test_what_only_waited_for_the_generator_is_not_why_anything_failed() -> None:
    """It is told as what the generator had no more of, and failed by nothing."""
    broken = run({"chat sendMessage": (0.5, "status 503")})
    broken.counts.causes.add(("chat sendMessage", NO_ROOM), 100_000)
    assert [found.worst for found in troubles(broken)] == ["chat sendMessage: status 503"]


def test_what_is_slow_is_looked_for_at_services() -> None:
    """A few failures on the way there say nothing of what takes long."""
    told = steps(run({"chat sendMessage": (0.01, "refused")}, slow=frozenset({"chat sendMessage"})))
    assert any(step.startswith("Look first at chat") for step in told)


def test_nothing_is_suspected_beside_what_is_proven_nor_of_a_late_generator() -> None:
    """What is proven explains the rest, and what a generator may have done itself is laid to nobody."""
    assert doubts(run({"chat sendMessage": (1.0, "refused"), "chat listMessages": (0.021, "reset")})) == ()
    late = generated_late(run({"chat sendMessage": (0.5, "time-out")}, frozenset({"chatting"})))
    assert late.verdict.outcome is Outcome.INVALID
    assert doubts(late) == ()
    mostly_late = run({"chat sendMessage": (0.5, "time-out")})
    for cause, by in MOSTLY_LATE.items():
        mostly_late.counts.causes.add(("chat sendMessage", cause), by)
    assert doubts(generated_late(mostly_late)) == ()


def test_beside_a_late_generator_what_the_platform_answered_is_told() -> None:
    """No lateness makes a 502: such a run proves nothing, and whoever mends the generator first has lost an hour."""
    down = generated_late(run({"chat sendMessage": (0.5, "status 502"), "delivery": (0.5, "lost")}))
    assert down.verdict.outcome is Outcome.INVALID
    assert [one.headline(down.began, down.ended) for one in doubts(down)] == [
        "chat: 3,000 of 12,000 failed (25 %), mostly chat sendMessage: status 502; throughout"
    ]
    down.counts.traced("chat sendMessage", "status 502", BEGAN, "bbbb")
    assert steps(down)[0] == "Look first at chat: more was bad there than is allowed; one trace is bbbb."


def test_who_breaks_no_line_of_its_own_is_not_named_where_none_is_of_all() -> None:
    """A line of one operation is broken by that one; a second service that is a little slow is within its own."""
    counts = run({}).counts
    for name, slow in (("chat sendMessage", 30), ("user-profile readOwnProfile", 5)):
        tally = counts.tallies[name] = Tally((1.0,))
        for second in range(LASTED):
            tally.add(BEGAN + second, [2.0] * slow + [0.01] * (RATE - slow), 0)
    each = runs.profile("each: share over 1 s <= 10 %")
    slowed = replace(judged(counts), profile=each)
    slowed = replace(slowed, verdict=judge(each.plan, counts.tallies, slowed.facts))
    assert [one.subject for one in troubles(slowed)] == ["chat"]


def test_a_headline_names_a_cause_that_says_something() -> None:
    """What is counted together is the most where a target fails in thousands of ways, and nothing to look for."""
    broken = run({"chat sendMessage": (0.5, "status 503")})
    causes = broken.counts.causes
    causes.add(("chat sendMessage", OTHERS), causes.total() - 1)
    assert [found.worst for found in troubles(broken)] == ["chat sendMessage: status 503"]
    causes.add(("chat sendMessage", OTHERS), 2)
    assert [found.worst for found in troubles(broken)] == [f"chat sendMessage: status 503 and {OTHERS}"]
    nothing_else = run({"chat sendMessage": (0.5, OTHERS)})
    assert [found.worst for found in troubles(nothing_else)] == [f"chat sendMessage: {OTHERS}"]
