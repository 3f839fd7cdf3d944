"""Profile files: what they may say, and everything that is wrong with them at once."""

from pathlib import Path

import pytest

from fixtures.environments.errors import ConfigurationErrors
from loadtests.journeys import JOURNEYS
from loadtests.judging import Levels
from loadtests.profiles.load import load_profile, profile_file
from loadtests.profiles.model import OperationRate, Profile
from loadtests.profiles.phases import Segment, spike, steady
from loadtests.soundness import Soundness

OPEN = '''
summary = "own"
arrivals = "poisson"
people = 10
budget = """
*: errors <= guide
browsing: errors <= 5 %
chatting: succeeded >= 90 %
"""
[[phases]]
for = "20 s"
rate = "12 /s"
[mix]
browsing = 2
chatting = 1
'''
JUDGED = OPEN.split('"""')[1]
CLOSED = """
summary = "own"
arrivals = "closed"
users = 5
think = "500 ms"
for = "1 min"
people = 10
budget = "browsing: errors <= 5 %"
[mix]
browsing = 1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def load(file: Path, text: str) -> Profile:
    file.write_text(text, encoding="utf-8")
    return load_profile(str(file))


def mistakes(file: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigurationErrors) as caught:
        load(file, text)
    assert all(error.file == str(file) for error in caught.value.errors)
    return {error.key: str(error).removeprefix(f"{file}: ").removeprefix(error.key) for error in caught.value.errors}


def test_an_open_profile(file: Path) -> None:
    """A schedule, a mix, people and a budget make a profile; the rest has its defaults."""
    profile = load(file, OPEN)
    assert (profile.name, profile.summary, profile.source) == ("own", "own", str(file))
    assert (profile.arrivals, profile.open, profile.phases) == ("poisson", True, (steady(20, 12),))
    assert (dict(profile.mix), profile.people) == ({"browsing": 2, "chatting": 1}, 10)
    assert (profile.duration, profile.expected, profile.peak) == (20, 240, 12)
    assert profile.called == JOURNEYS["browsing"].operations | JOURNEYS["chatting"].operations
    assert profile.measured == {"browsing", "chatting", "delivery", "connection"}
    assert str(profile.budget) == "*: errors <= guide\nbrowsing: errors <= 5 %\nchatting: succeeded >= 90 %\n"
    assert (profile.environment, profile.seed, profile.rates, profile.connections) == (None, 1, (), 0)
    assert (profile.levels, profile.soundness) == (Levels(), Soundness())
    assert [question.name for question in profile.plan.asked] == ["*", "browsing", "chatting"]


def test_a_closed_profile(file: Path) -> None:
    """Closed users have a number, a pause and a duration, and no schedule."""
    profile = load(file, CLOSED)
    assert not profile.open
    assert (profile.users, profile.think, profile.duration, profile.expected) == (5, 0.5, 60, 0)


def test_everything_that_a_profile_may_say(file: Path) -> None:
    """Ramps, spikes, rates, idle connections, environment, seed, levels and soundness are read with their units."""
    profile = load(
        file,
        'environment = "blue"\nseed = 7\nconnections = 3\n'
        + OPEN.replace("errors <= guide", "errors <= guide\nidle connection: errors <= 1 %\neach: errors <= 1 %")
        + """
        [[phases]]
        for = "1 min"
        rate = "0 /s"
        to = "60 /min"
        [[phases]]
        for = "10 s"
        rate = "1 /s"
        peak = "5 /s"
        peak_for = "2 s"
        [[rates]]
        operation = "auth getKeySet"
        phases = [{ for = "2 min", rate = "500 /s" }]
        [levels]
        false_no_go = 0.01
        [soundness]
        cpu = "80 %"
        clocks = "50 ms"
        """,
    )
    assert profile.phases == (steady(20, 12), Segment(60, 0, 1), *spike(10, 1, 5, 2))
    assert profile.rates == (OperationRate("auth getKeySet", (steady(120, 500),)),)
    assert (profile.environment, profile.seed, profile.connections) == ("blue", 7, 3)
    assert (profile.duration, profile.peak) == (120, 512)
    assert "auth getKeySet" in profile.called
    assert (profile.levels.alpha, profile.levels.beta) == (0.01, Levels().beta)
    assert (profile.soundness.cpu, profile.soundness.clocks, profile.soundness.lag) == (0.8, 0.05, Soundness().lag)


def test_a_profile_of_rates_alone(file: Path) -> None:
    """Requests of the engine need no mix and no phases."""
    rates = """
    [[rates]]
    operation = "chat getHealth"
    phases = [{ for = "2 s", rate = "500 /s" }]
    """
    profile = load(file, OPEN[: OPEN.index("[[phases]]")].replace(JUDGED, "*: errors <= guide") + rates)
    assert (profile.expected, profile.duration) == (0, 2)
    assert profile.called == {"chat getHealth"}


def test_every_mistake_is_told_at_once(file: Path) -> None:
    """Key by key: what is wrong, what is allowed, and what was probably meant."""
    found = mistakes(
        file,
        '''
arivals = "poisson"
arrivals = "poison"
people = 1
environment = "blu"
users = 3
seed = -1
budget = """
*: share ovr guide

chat sendMesage: errors <= guide
"""
[[phases]]
for = 20
rate = "12 rps"
[[phases]]
for = "-3 s"
rate = "nan /s"
[[phases]]
for = "3 sec"
rate = "2000000 /s"
[mix]
browsin = 1
chatting = 0
[levels]
false_go = 1.0
[soundness]
cpu = "0 %"
lagg = "1 %"
[[rates]]
operation = "chat sendMessage"
phases = [{ rate = "0 /s" }]
[[rates]]
operation = "auth getKeyset"
phases = []
''',
    )
    assert found["arivals"].endswith("did you mean arrivals?")
    assert found["arrivals"].startswith(": unknown word 'poison'; allowed: constant, poisson, closed; did you mean")
    assert found["people"] == ": 1 is not allowed; allowed: a whole number from 2 to 1000000"
    assert found["environment"].endswith("did you mean blue?")
    assert found["users"] == ": means nothing, since arrivals follow a schedule"
    assert "from 0 to" in found["seed"]
    assert found["budget, line 9, column 10"].endswith("unknown 'ovr'; allowed: over; did you mean over?")
    assert found["budget, line 11, column 1"].endswith("did you mean chat sendMessage?")
    assert found["phases[0].for"].endswith("at most 7 d; did you mean '20 s'?")
    assert found["phases[0].rate"].startswith(": 'rps' is no unit of a rate; allowed: such as '12 /s'; units /s, /min;")
    assert found["phases[1].for"].startswith(": '-3 s' is no duration")
    assert found["phases[1].rate"].startswith(": 'nan /s' is no rate")
    assert found["phases[2].for"].endswith("did you mean '3 s'?")
    assert found["phases[2].rate"].startswith(": '2000000 /s' is more than can be asked for")
    assert found["mix.browsin"].endswith("chatting, connecting, registering; did you mean browsing?")
    assert found["mix.chatting"] == ": 0 is not allowed; allowed: a whole number from 1 to 1000000"
    assert found["levels.false_go"].startswith(": 1.0 is not allowed; allowed: a probability")
    assert found["soundness.cpu"].startswith(": '0 %' is nothing; allowed: more than 0 %")
    assert found["soundness.lagg"] == ": unknown key; allowed: clocks, cpu, lag, rate; did you mean lag?"
    assert found["rates[0].operation"].startswith(": cannot be sent again and again: 'chat sendMessage'; allowed: auth")
    assert found["rates[0].phases[0].for"].startswith(": is missing; allowed: more than 0 s, such as '20 s'")
    assert found["rates[1].operation"].endswith("did you mean auth getKeySet?")
    assert found["rates[1].phases"] == ": is empty; allowed: at least one phase"
    assert found["summary"] == ": is missing; allowed: text"
    assert len(found) == 24


@pytest.mark.parametrize(
    ("before", "after", "key", "told"),
    [
        ('rate = "12 /s"', 'rate = "0 /s"', "phases[0].rate", "nobody arrives at a rate of 0"),
        ('rate = "12 /s"', 'rate = "0 /s"\nto = "0 /s"', "phases[0].rate", "nobody arrives at a rate of 0"),
        ('rate = "12 /s"', 'rate = "1 /s"\npeak = "2 /s"', "phases[0].peak_for", "is missing, though there is peak"),
        ('rate = "12 /s"', 'rate = "1 /s"\npeak_for = "2 s"', "phases[0].peak", "is missing, though there is peak_for"),
        (
            'rate = "12 /s"',
            'rate = "3 /s"\npeak = "3 /s"\npeak_for = "20 s"',
            "phases[0].peak",
            "is no peak: it is not above the phase's rate",
        ),
        (
            'rate = "12 /s"',
            'rate = "1 /s"\npeak = "3 /s"\npeak_for = "20 s"',
            "phases[0].peak_for",
            "is not shorter than the phase",
        ),
        (
            'rate = "12 /s"',
            'rate = "1 /s"\nto = "2 /s"\npeak = "3 /s"\npeak_for = "2 s"',
            "phases[0].to",
            "a phase is a ramp or a spike, not both",
        ),
        ("[[phases]]", "[phases]", "phases", "is not a list"),
        ("[mix]", "[soundness]", "mix", "is missing: nobody does anything"),
        ("[mix]", "mix = 3\n[soundness]", "phases[0].mix", "unknown key"),
        ("people = 10\n", "", "people", "is missing: journeys and tokens need somebody"),
        ('"poisson"', '"closed"', "phases", "means nothing, since arrivals are closed"),
        ('"poisson"', '"closed"', "users", "is missing, though arrivals are closed"),
        ("chatting = 1", "dancing = 1", "mix.dancing", "unknown journey"),
        ("*: errors <= guide", "calling: errors <= guide", "budget", "which the profile never does"),
        ("*: errors <= guide", "auth getKeySet: errors <= guide", "budget", "which the profile never does"),
        ('"poisson"', '"closed"\nusers = 6', "people", "10 are no pair for each of 6 users; allowed: at least 12"),
        (JUDGED, "# nothing", "budget", "the budget judges nothing"),
        (JUDGED, "", "budget", "says nothing"),
        ("chatting: succeeded", "delivery: delivered", "budget", "judges no failure of the journey 'chatting'"),
        ("people = 10", "people = 10\nconnections = 5", "budget", "judges no loss of idle connections"),
        (JUDGED, JUDGED + "\nidle connection: errors <= 1 %", "budget", "which the profile never does"),
        ('summary = "own"', "summary = 3", "summary", "3 says nothing"),
        ('summary = "own"', 'environment = " "', "environment", "' ' says nothing"),
        ('summary = "own"', 'summary = "own"\nlevels = 3', "levels", "3 is not a table"),
        ('summary = "own"', 'summary = "own"\nrates = [3]', "rates[0]", "3 is not a table"),
    ],
)
def test_each_mistake_is_told(file: Path, before: str, after: str, key: str, told: str) -> None:
    """A profile that is wrong in one place is told so, at that key."""
    assert before in OPEN
    assert told in mistakes(file, OPEN.replace(before, after))[key]


def test_closed_users_without_journeys_are_told(file: Path) -> None:
    """The rates beside them are nothing that a user does, and each would break as the run begins."""
    rated = """[[rates]]
operation = "auth getKeySet"
phases = [{ for = "20 s", rate = "50 /s" }]
"""
    text = CLOSED.replace("browsing: errors", "each: errors").partition("[mix]")[0] + rated
    assert list(mistakes(file, text)) == ["mix"]
    assert "closed users do nothing but journeys" in mistakes(file, text)["mix"]


def test_one_mistake_is_told_once(file: Path) -> None:
    """A journey that does not exist is the mistake, and not also what the budget says of it."""
    text = OPEN.replace("chatting = 1", "chattin = 1").replace(
        "errors <= guide", "errors <= guide\ndelivery: p99 <= 1 s"
    )
    assert list(mistakes(file, text)) == ["mix.chattin"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = [\n\n", "is not TOML: Invalid value (at the end, line 3)"),
        (b"a = 1\nb == 2\n", "(at line 2, column 4)"),
        (b"a = '\xff'", "is not UTF-8 text"),
        (None, "--profile: there is no file "),
    ],
)
def test_a_file_that_is_no_toml(file: Path, content: bytes | None, told: str) -> None:
    """A file that is absent, no text or no TOML is told so, with the line."""
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationErrors) as caught:
        load_profile(str(file))
    assert len(caught.value.errors) == 1
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"), [("smoke.toml", "smoke"), ("mine/nigth.toml", "night.toml"), ("\0.toml", ""), ("a/b.toml/c", "")]
)
def test_a_path_that_leads_nowhere_is_told_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    """The file beside it whose name is alike, or the profile of that name that comes with the suite."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "night.toml").touch()
    with pytest.raises(ConfigurationErrors, match="there is no file ") as caught:
        load_profile(name)
    assert caught.value.errors[0].suggestion.endswith(told)
    assert bool(caught.value.errors[0].suggestion) is bool(told)


@pytest.mark.parametrize(("name", "told"), [("relese", "did you mean release?"), ("", "names no profile")])
def test_a_profile_that_is_not_known(name: str, told: str) -> None:
    """An unknown name is told with those that are known."""
    with pytest.raises(ConfigurationErrors, match=r"^--profile: ") as caught:
        profile_file(name)
    assert told in str(caught.value)
    assert "baseline" in str(caught.value)
