"""The pool: people are made before the clock starts, lent out one journey at a time, and gone after."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import to_builtins

from fixtures.contract.promises import PROMISES
from fixtures.environments.secrets import SecretRef
from fixtures.runs.ledger import Ledger, LedgerUnwritableError, open_items
from fixtures.runs.redaction import redact
from loadtests.people import PeopleError, Pool, pool
from loadtests.people.equipment import Counted
from loadtests.people.keeper import Keeper
from loadtests.recording import Recorder
from tests.unit.load.journeys.town import Town, an_id, tokens
from tests.unit.load.people.village import Clock, Village, pool_of, process

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.clients.person import Person

pytestmark = pytest.mark.usefixtures("clock")
DELETE, REGISTER = "DELETE /v1/accounts/me", "POST /v1/registrations"


def _open(folder: Path) -> list[str]:
    return [item.name for item in open_items(folder / "ledger")]


def test_pairs_are_made_and_leave_nothing(village: Village, base: str, tmp_path: Path) -> None:
    """All people, and a friend of the odd one, are friends in pairs and in a conversation, and all of them go."""
    made = pool_of(process(base, tmp_path, 5))
    assert len(made.people) == len(set(made.tokens) | {person.user_id for person in made.people}) - 1 == 6
    assert len(_open(tmp_path)) == 6
    assert village.asked_for("POST /v1/conversations") == 3
    assert made.remove() == ()
    assert village.asked_for(DELETE) == 6
    assert _open(tmp_path) == []
    assert village.runs == {"run"}
    assert made.remove() == ()


def test_a_clock_that_is_off_is_noted(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for a time of the report in the platform's logs has to know how far these are apart."""
    clock = SimpleNamespace(time=lambda: time.time() - 300, monotonic=time.monotonic)
    monkeypatch.setattr("fixtures.clients.transport.time", clock)
    made = pool_of(process(base, tmp_path, 2))
    made.remove()
    [note] = made.notes
    assert "this machine's clock is 5 min behind the platform's" in note


def test_the_key_to_the_inboxes_is_hidden_from_then_on(base: str, tmp_path: Path) -> None:
    """A platform may quote what it was asked by, and that is told to people."""
    pool_of(process(base, tmp_path, 2)).remove()
    assert "secret-of-the-village" not in redact("the key was secret-of-the-village")


def test_people_are_named_after_the_run_and_the_process(base: str, tmp_path: Path) -> None:
    """Whoever finds a person in the platform can tell which run made it."""
    made = pool_of(process(base, tmp_path, 2))
    assert [person.identity.name for person in made.people] == ["verify-run-load-0-p1a", "verify-run-load-0-p1b"]
    made.remove()


def test_who_registered_while_the_clock_ran_is_removed_too(village: Village, base: str, tmp_path: Path) -> None:
    """A newcomer whose journey did not come to leaving has an account, as those who were there before."""
    made = pool_of(process(base, tmp_path, 2, mix={"registering": 1}, expected=1.0))
    visitor = made.borrow()
    assert visitor is not None
    visitor.newcomers.come().joins()
    assert made.remove() == ()
    assert village.asked_for(DELETE) == 3
    assert _open(tmp_path) == []


@pytest.mark.parametrize("time_scale", [1.0, 3.0])
def test_every_service_has_heard_of_the_friendships(time_scale: float, clock: Clock, base: str, tmp_path: Path) -> None:
    """The pool is ready when the time in which that environment promises to know of a friendship has passed."""
    host = process(base, tmp_path, 2)
    host.platform = replace(host.platform, time_scale=time_scale)
    pool_of(host).remove()
    assert clock.passed == [time_scale * PROMISES.deadlines.friendship_effect]


def test_pool_brings_its_own_equipment(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to itself the pool gives its visitors clients that know what is slow, and who hears of addresses."""
    asked: list[float] = []

    class Noted(Counted):
        def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - of `Counted`
            asked.append(args[-1])
            more["passed_over"]("refused", "10.0.0.7 (one of 2 addresses)")
            super().__init__(*args, **more)

    monkeypatch.setattr("loadtests.people.pool.Counted", Noted)
    session = process(base, tmp_path, 2)
    session.recorder = Recorder((2.0, 0.5))
    made = Pool.make(session)
    visitor = made.borrow()
    assert isinstance(visitor.equipment if visitor else None, Noted)
    assert [*session.recorder.take().passed_over] == [("refused", "10.0.0.7 (one of 2 addresses)")]
    assert (made.remove(), asked) == ((), [0.5])


@pytest.mark.parametrize("broken", ["", "POST /v1/requests"])
def test_tokens_are_kept_while_others_are_still_made(
    broken: str, village: Village, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making people may take longer than a token lives; and nobody is kept any more when they could not be made."""
    said: list[str] = []

    class Noted(Keeper):
        def begin(self) -> None:
            said.append(f"begins after {village.asked_for(REGISTER)}")

        def keeps(self, *people: Person) -> None:
            said.append(f"keeps {len({person.user_id for person in people})}")

        def end(self) -> None:
            said.append(f"ends before {village.asked_for(DELETE)}")

    monkeypatch.setattr(pool, "Keeper", Noted)
    village.fails = lambda name, _before: name == broken
    if broken:
        with pytest.raises(PeopleError):
            pool_of(process(base, tmp_path, 4))
    else:
        pool_of(process(base, tmp_path, 4)).remove()
    assert said == ["begins after 0", *([] if broken else ["keeps 2"] * 2), "ends before 0"]


def test_no_people_are_no_pool(village: Village, clock: Clock, base: str, tmp_path: Path) -> None:
    """A profile without people needs nobody, and waits for nothing."""
    made = pool_of(process(base, tmp_path, 0))
    assert made.borrow() is None
    assert made.remove() == ()
    assert (village.counts, clock.passed) == ({}, [])


def test_pair_that_fails_is_made_anew(village: Village, base: str, tmp_path: Path) -> None:
    """A platform that fails now and then does not spoil the run: the pair is made under other names."""
    village.fails = lambda name, before: name == REGISTER and before == 1
    equipment = Town()
    made = Pool.make(process(base, tmp_path, 4), equipment=equipment)
    assert len(made.people) == 4
    # That people were mixed up, which is a NO-GO by itself, is another failure.
    assert equipment.samples == []
    [note] = made.notes
    assert note.startswith("1 pairs had to be made anew; the first: ")
    assert "500" in note
    left = made.remove()
    # Nobody knows whether the one whose registration failed is there.
    assert [item.partition(" (")[2] for item in left] == ["may be there: registering it was not answered well)"]
    assert len(_open(tmp_path)) == 1


def test_another_persons_tokens_are_counted(village: Village, base: str, tmp_path: Path) -> None:
    """That one log-in of many mixes people up is more than a pair less."""
    equipment = Town()
    village.instead["POST /v1/tokens"] = [(200, to_builtins(tokens(an_id())))]
    Pool.make(process(base, tmp_path, 4), equipment=equipment).remove()
    assert equipment.counted("fresh tokens") == [(True, "somebody else's tokens")]


def test_another_persons_tokens_are_counted_also_where_nobody_can_be_made(
    village: Village, base: str, tmp_path: Path
) -> None:
    """A platform that mixes all people up is no less broken than one that does so now and then."""
    equipment = Town()
    village.instead["POST /v1/tokens"] = [(200, to_builtins(tokens(an_id())))] * 9
    with pytest.raises(PeopleError, match="the tokens of"):
        Pool.make(process(base, tmp_path, 2), equipment=equipment)
    assert set(equipment.counted("fresh tokens")) == {(True, "somebody else's tokens")}


@pytest.mark.parametrize(
    ("broken", "service"), [(REGISTER, "auth"), ("POST /v1/otps", "otp"), ("POST /v1/requests", "friend-request")]
)
def test_pool_that_cannot_be_made_says_why_and_leaves_nobody(
    broken: str, service: str, village: Village, base: str, tmp_path: Path
) -> None:
    """When too many cannot be made the error names cause and remedy, and who was made is removed."""
    village.fails = lambda name, _before: name == broken
    with pytest.raises(PeopleError, match="20 synthetic people of this process cannot be made") as error:
        pool_of(process(base, tmp_path, 20))
    assert "500" in error.value.what
    assert f"look at the {service} service" in error.value.how
    assert len(error.value.left) == len(_open(tmp_path))
    # Without a one-time password nobody can be verified, and only who is verified can log in to leave.
    assert (error.value.left == ()) is (service == "friend-request")


def test_nobody_is_looked_for_where_nobody_answers(tmp_path: Path) -> None:
    """An address at which nothing answers is told as such, and leaves not even an intent."""
    with pytest.raises(PeopleError, match=r"no answer from http.*refused.* \(likely: .*\); start the") as error:
        pool_of(process("http://127.0.0.1:9", tmp_path, 20))
    assert error.value.left == ()
    assert _open(tmp_path) == []


def test_wrong_key_of_the_inboxes_is_named(village: Village, base: str, tmp_path: Path) -> None:
    """The message names the secret, and no service; who stayed behind is a note of the run, and not told twice."""
    village.instead["GET /v1/synthetic/inbox"] = [(401, {"type": "about:blank", "title": "No", "status": 401})] * 100
    with pytest.raises(PeopleError, match=r"secret synthetic_key [^;]*; `pytest -m smoke`[^;]*\Z"):
        pool_of(process(base, tmp_path, 4))


@pytest.mark.parametrize(("silent", "why"), [(0, " (auth deleteOwn"), (100, " (may be gone: auth deleteOwn")])
def test_what_stays_behind_is_told(village: Village, base: str, tmp_path: Path, silent: int, why: str) -> None:
    """Accounts that cannot be removed are named with the cause, and are open in the ledger."""
    village.fails = lambda name, _before: name == DELETE
    made = pool_of(process(base, tmp_path, 2))
    village.silent = silent
    left = made.remove()
    assert [why in each for each in left] == [True, True], left
    assert len(_open(tmp_path)) == 2


def test_interruption_leaves_nobody(
    village: Village, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while people settle removes them before it goes on, and what stayed is told to whoever asked for them."""

    class Impatient(Clock):
        def sleep(self, _seconds: float, /) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(pool, "MONOTONIC", Impatient())
    village.fails = lambda name, before: name == DELETE and before == 0
    host = process(base, tmp_path, 4)
    with pytest.raises(KeyboardInterrupt):
        pool_of(host)
    assert village.asked_for(DELETE) == 4
    (told,) = host.left
    assert told.startswith("account verify-run-load-0-")


@pytest.mark.parametrize("started", [True, False], ids=["its thread runs", "its thread had no turn yet"])
def test_interruption_while_keeping_begins_is_no_mistake(
    village: Village, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, started: bool
) -> None:
    """Starting a thread waits, and the end of a run may come just then: nobody is made, and nobody is kept."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if started or thread.name != "people-keeper":
            start(thread)
        if thread.name == "people-keeper":
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool_of(process(base, tmp_path, 4))
    assert village.asked_for(REGISTER) == 0
    assert "people-keeper" not in {thread.name for thread in threading.enumerate()}


def test_a_full_disk_keeps_nobody_on_the_platform(
    village: Village, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that takes no line any more is told, once, and everybody is removed all the same."""
    made = pool_of(process(base, tmp_path, 4, mix={"registering": 1}, expected=10.0))

    def full(*_: object) -> None:
        raise LedgerUnwritableError(errno.ENOSPC, "no room")

    monkeypatch.setattr(Ledger, "_write", full)
    assert made.remove() == ()
    assert village.asked_for(DELETE) == 4
    assert made.notes == ("not all that was removed is in the ledger: no room",)


def test_removal_is_bounded(village: Village, base: str, tmp_path: Path) -> None:
    """Whoever cannot be removed in the time there is stays, is named, and holds up nothing."""
    answers = threading.Event()
    made = pool_of(process(base, tmp_path, 2))
    village.fails = lambda name, _before: name == DELETE and answers.wait(20.0)
    left = made.remove(within=0.05)
    assert not answers.is_set()
    answers.set()
    assert len(left) == 2
    assert all("(may be gone: not removed within 0.05 s)" in each for each in left)
    assert len(_open(tmp_path)) == 2


def test_key_that_is_not_there_is_told_before_anybody_is_made(village: Village, base: str, tmp_path: Path) -> None:
    """Without the key to synthetic inboxes nobody can be made, and the error says which secret, where and how."""
    with pytest.raises(PeopleError, match="has no secret synthetic_key"):
        pool_of(process(base, tmp_path, 2, secrets={}))
    missing = {"synthetic_key": SecretRef.parse(f"file:{tmp_path / 'nothing'}")}
    with pytest.raises(PeopleError, match=r"does not exist; write the value into that file"):
        pool_of(process(base, tmp_path, 2, secrets=missing))
    assert not village.counts


def test_too_few_people_for_the_processes(village: Village, base: str, tmp_path: Path) -> None:
    """A process without a pair would refuse every arrival: that is told beforehand, with the number needed."""
    host = process(base, tmp_path, 2, of=4)
    host.share = 3
    with pytest.raises(PeopleError, match="give the profile at least 8 people"):
        pool_of(host)
    assert not village.counts


@pytest.mark.parametrize(("of", "mean"), [(1, 10), (4, 2.5)])
def test_newcomers_are_in_the_ledger_before_the_clock_starts(of: int, mean: float, base: str, tmp_path: Path) -> None:
    """Names for all that will probably register here are written ahead; those that nobody used are written as gone."""
    made = pool_of(process(base, tmp_path, 8, mix={"registering": 1, "browsing": 3}, expected=40.0, of=of))
    names = [name for name in _open(tmp_path) if "-n" in name]
    assert mean < len(names) < 4 * mean
    assert made.remove() == ()
    assert _open(tmp_path) == []


def test_one_request_without_an_answer_is_not_the_end(village: Village, base: str, tmp_path: Path) -> None:
    """Whether somebody is there is asked more than once."""
    village.silent = 2
    pool_of(process(base, tmp_path, 2)).remove()
    assert _open(tmp_path) == []
