"""The profiles that come with the suite: complete, provable in their time, and run by their configuration files."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from fixtures.contract.promises import PROMISES
from fixtures.guide import load_guide
from fixtures.statistics.bounds import stays_below
from fixtures.statistics.tally import Tally
from loadtests.arrivals import arrivals
from loadtests.budgets.guide import numbers
from loadtests.budgets.model import ALL
from loadtests.budgets.questions import limits
from loadtests.journeys import JOURNEYS
from loadtests.kinds import CONNECTION, IDLE
from loadtests.profiles.form import TABLES, keys
from loadtests.profiles.load import known_profiles, load_profile
from loadtests.profiles.model import Profile
from loadtests.verdict import EarlyStop, Outcome, judge
from tests.architecture.source import ROOT
from tests.unit.load.judged import SOUND

FOLDER = ROOT / "loadtests/profiles"
NAMES = known_profiles()
TIMES = {"chat sendMessage": 5, "delivery": 5}
"""What a journey does more than once."""


def samples(profile: Profile) -> Counter[str]:
    """How many samples of each subject the profile's own arrivals make, if all goes well."""
    made: Counter[str] = Counter()
    for _, journey in arrivals(profile):
        made[journey] += 1
    for name, times in list(made.items()):
        for subject in JOURNEYS[name].operations | JOURNEYS[name].measures:
            made[subject] += times * TIMES.get(subject, 1)
    if profile.connections:
        made[IDLE] = profile.connections
    made[ALL] = sum(made[operation] for operation in profile.called)
    return made


def unprovable(profile: Profile) -> list[str]:
    """The questions that the profile cannot answer with 'holds', though nothing at all is bad."""
    made, beta = samples(profile), profile.levels.beta
    return [str(q) for q in profile.plan.asked if not q.watched and stays_below(0, made[q.name], q.allowed) > beta]


@pytest.mark.parametrize("name", ["smoke", "baseline", "release", "spike"])
def test_its_budget_can_be_proven(name: str) -> None:
    """A profile has enough arrivals to prove every line of its budget, when nothing is slow and nothing fails."""
    assert unprovable(load_profile(name)) == []


def outcome(profile: Profile, made: Mapping[str, int], failing: str = "", slow: str = "") -> Outcome:
    """Of a run in which that journey always fails, or that takes two seconds, and nothing else ever does."""
    tallies = {}
    for name, count in made.items():
        tally = tallies[name] = Tally(limits(profile.budget))
        each, rest = divmod(count, 20)
        for second in range(20):
            times = each + (second < rest)
            tally.add(second, [2.0 if name == slow else 0.01] * times, times if name == failing else 0)
    asked = sum(made[journey] for journey in profile.mix)
    return judge(profile.plan, tallies, replace(SOUND, arrivals_asked=asked, arrivals_started=asked)).outcome


@pytest.mark.parametrize(("name", "lasting"), [*((name, None) for name in NAMES), ("release", 60)])
def test_a_journey_that_always_fails_is_no_go(name: str, lasting: float | None) -> None:
    """A socket that welcomes nobody, a mail that never comes: the requests are fine, and the platform is not."""
    profile = load_profile(name)
    # Ten minutes of a long one say as much.
    profile = profile.scaled(lasting=lasting or min(profile.duration, 600))
    made = samples(profile)
    for journey in profile.mix:
        assert outcome(profile, made, journey) is Outcome.NO_GO, journey


@pytest.mark.parametrize("name", [name for name in NAMES if name != "smoke"])
def test_a_websocket_that_opens_slowly_is_no_go(name: str) -> None:
    """To open one is a request as well (LOD-01); twenty seconds of `smoke` open too few."""
    profile = load_profile(name)
    profile = profile.scaled(lasting=min(profile.duration, 600))
    assert outcome(profile, samples(profile), slow=CONNECTION) is Outcome.NO_GO


@pytest.mark.parametrize("name", NAMES)
def test_a_journey_may_lose_what_its_calls_and_connections_may(name: str) -> None:
    """A budget in which one line forbids what another allows would ask for the stricter of both without saying so."""
    profile = load_profile(name)
    may = {question.name: question.allowed for question in profile.plan.asked if question.limit is None}
    assert may["calling"] >= may["call"]
    assert all(may[journey] >= may[ALL] for journey in profile.mix)


@pytest.mark.parametrize("name", ["autoscale", "soak"])
def test_long_profiles_have_room_for_failures(name: str) -> None:
    """A hundredth of a long profile's time would do for the guide's numbers of all operations together."""
    profile = load_profile(name).scaled(lasting=load_profile(name).duration / 100)
    assert samples(profile)[ALL] >= 1000


def test_three_minutes_of_a_release() -> None:
    """Three minutes of the release profile prove its whole budget, at a hundred requests a second."""
    profile = load_profile("release").scaled(lasting=180)
    assert unprovable(profile) == []
    assert 90 <= samples(profile)[ALL] / 180 <= 110


def test_a_minute_of_a_release() -> None:
    """A minute of it proves LOD-01 of every operation and LOD-02 of all together; three minutes watch nothing."""
    release = load_profile("release")
    profile, guide = release.scaled(lasting=60), numbers(load_guide())
    assert unprovable(profile) == []
    must = {(q.name, q.limit, round(q.allowed, 9)) for q in profile.plan.asked if not q.watched}
    assert must >= {(operation, float(guide.slow), float(guide.slow_share) / 100) for operation in profile.called}
    assert (ALL, None, float(guide.error_share) / 100) in must
    assert not any(q.watched for q in release.scaled(lasting=180).plan.asked)


def decided(profile: Profile) -> int | None:
    """The second at which it is GO with `--stop-when-decided`, if nothing is slow and nothing fails."""
    tallies: dict[str, Tally] = {}
    due, early, coming = limits(profile.budget), EarlyStop(profile.plan), arrivals(profile)
    arrival = next(coming, None)
    for second in range(int(profile.duration)):
        while arrival is not None and arrival.offset < second + 1:
            journey = JOURNEYS[arrival.journey]
            for subject in {arrival.journey} | journey.operations | journey.measures:
                tallies.setdefault(subject, Tally(due)).add(second, [0.05] * TIMES.get(subject, 1))
            arrival = next(coming, None)
        if early.advance(tallies, second + 1):
            return second + 1
    return None


def test_a_run_that_may_end_is_not_ended_before_what_its_profile_is_for() -> None:
    """A release is decided early; a spike if more than its two minutes follow its peak; a minute that watches never."""
    assert 300 < (decided(load_profile("release")) or 0) <= 400
    assert decided(load_profile("release").scaled(lasting=60)) is None
    spike = load_profile("spike").scaled(rate=4)
    assert decided(spike) is None
    assert 495 + 135 <= (decided(spike.scaled(lasting=900)) or 0) < 900
    assert load_profile("autoscale").steady_from == load_profile("autoscale").duration


def test_the_smoke_profile_is_for_a_laptop() -> None:
    """The smoke profile takes twenty seconds and sends 60 to 100 requests in each."""
    profile = load_profile("smoke")
    assert profile.duration == 20
    assert 60 <= samples(profile)[ALL] / 20 <= 100


def test_the_release_profile_asks_what_the_guide_says() -> None:
    """The release profile judges LOD-01 and LOD-02 of every operation that it calls, and SVC-05 of all together."""
    profile, guide = load_profile("release"), numbers(load_guide())
    asked = {(q.name, q.limit, round(q.allowed, 9)) for q in profile.plan.asked}
    for operation in profile.called:
        assert (operation, float(guide.slow), float(guide.slow_share) / 100) in asked
        assert (operation, None, float(guide.error_share) / 100) in asked
    assert (ALL, None, round(1 - float(guide.availability) / 100, 9)) in asked
    assert profile.mix.keys() == {"browsing", "chatting", "calling", "registering"}


def test_the_soak_outlives_its_tokens_and_the_spike_has_one() -> None:
    """A soak is long enough for its tokens to be refreshed many times, and a spike peaks at five times its rate."""
    assert load_profile("soak").duration >= 10 * PROMISES.logins.access_lifetime
    assert load_profile("spike").peak == 5 * load_profile("spike").phases[0].begins


def test_every_key_is_documented() -> None:
    """The comment at the top of smoke.toml shows every key of every table."""
    text = (FOLDER / "smoke.toml").read_text(encoding="utf-8")
    comment = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for table in TABLES:
        for key in keys(table):
            assert re.search(rf"(\b{key} = |\[{key}\])", comment), f"{table}.{key}"
    for journey in JOURNEYS:
        assert f"{journey} = " in comment


def test_every_profile_has_its_configuration_file() -> None:
    """Beside each profile lies the file with which Locust runs it, and no other."""
    assert sorted(file.stem for file in FOLDER.glob("*.conf")) == sorted(NAMES)


def test_locust_reads_the_configuration_files() -> None:
    """Locust's own parser takes every key of each file, and gets file, no page, no tables in between, and name."""
    program = (
        "import sys; from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments\n"
        "for file in sys.argv[1:]:\n"
        " parser = get_empty_argument_parser(add_help=False); setup_parser_arguments(parser)\n"
        " options, rest = parser.parse_known_args(['--config', file])\n"
        " print(options.locustfile, options.headless, options.only_summary, options.profile, rest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *(str(FOLDER / f"{name}.conf") for name in NAMES)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=ROOT,
        env={**os.environ, "LOCUST_SKIP_MONKEY_PATCH": "1"},
    )
    assert done.stdout.splitlines() == [f"loadtests/locustfile.py True True {name} []" for name in NAMES]
