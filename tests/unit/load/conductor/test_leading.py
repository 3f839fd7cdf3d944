"""The leader's process: what it ends with, whom it loses, and what signals and Locust's events come to."""

from __future__ import annotations

import errno
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.runs.verdict import ExitCode
from loadtests.people.removal import enough_for
from loadtests.verdict import Outcome
from tests.unit.load.conductor.simulated import ONE, OTHER, Run, two
from tests.unit.load.report.test_verdict import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from loadtests.conductor.leading import Leading
    from loadtests.conductor.stage import Stage

THIRD = "host_cccccccccc"


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, in a process that Locust has not patched."""
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from loadtests.conductor import leading  # noqa: PLC0415

    monkeypatch.setattr(leading, "ignore_ctrl_c", lambda: None)
    return leading


class Locust:
    """What a leader asks of Locust."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as on the command line
        self.told: list[str] = []
        self.clients: dict[str, SimpleNamespace] = {}
        self.web_ui = SimpleNamespace(stop=lambda: self.told.append("page stops"))
        self.process_exit_code: int | None = None
        self.parsed_options = Namespace(**{"headless": True, "autostart": False, "expect_workers": 1, **options})

    def quit(self) -> None:
        self.told.append("quit")

    def stop(self) -> None:
        self.told.append("stop")


def leads(module: ModuleType, locust: Locust) -> Leading:
    """The leader of that process, whose stage is ready."""
    made: Leading = module.Leading(locust, locust, locust.parsed_options, SimpleNamespace())
    made._stage = stage(locust)
    return made


def stage(locust: Locust, order: Callable[[], object] = object) -> Stage:
    profile = SimpleNamespace(people=100)
    choice = SimpleNamespace(profile=profile)
    made: Any = SimpleNamespace(choice=choice, order=order, close=lambda: locust.told.append("stage closes"))
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize("outcome", RUNS)
def test_without_its_evidence_only_no_go_stands(
    outcome: Outcome,
    leading: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is proven broken stays so on a full disk, and everything else is no verdict; both are said last."""

    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    locust, code = Locust(), 1 if outcome is Outcome.NO_GO else 70
    leads_it, order = leads(leading, locust), replace(Run(two()).leader.order, folder=tmp_path)
    leads_it._conclude(order, RUNS[outcome])
    assert locust.process_exit_code == RUNS[outcome].verdict.exit_code
    monkeypatch.setattr(leading, "write", write)
    leads_it._conclude(order, RUNS[outcome])
    assert locust.process_exit_code == code
    leads_it._ends()
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(f"cannot be written to {order.folder}: No space left on device")
    assert any(line.startswith("VERDICT  ") for line in said)
    assert said[-1].endswith(f"is not in its folder: the process ends with {code}")


def test_who_is_gone_for_locust_is_lost(leading: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that quit, and one whose heart beats no more; nobody waits for their last words."""
    locust = Locust()
    monkeypatch.setattr(leading, "MasterRunner", Locust)
    leader = Run([*two(), type(two()[0])(THIRD)]).leader
    locust.clients = {OTHER: SimpleNamespace(state="running"), THIRD: SimpleNamespace(state="missing")}
    leads(leading, locust)._look(leader)
    members = leader.roster.members
    assert [(members[name].lost, members[name].gone) for name in (ONE, OTHER, THIRD)] == [
        ("quit", True),
        ("", False),
        ("no heartbeat", True),
    ]


def test_a_worker_that_connects_during_a_run_is_late_or_was_away(leading: ModuleType) -> None:
    """One that is no member is not used; one that is had been away, and what it counted meanwhile is gone."""
    leads_it = leads(leading, Locust())
    leads_it._connects("host_late")
    leader = leads_it._leader = Run(two()).leader
    leads_it._connects("host_late")
    leads_it._connects(ONE)
    assert leader.notes == ["a worker joined late and was not used: host_late"]
    assert {name: member.lost for name, member in leader.roster.members.items()} == {ONE: "came back", OTHER: ""}


@pytest.mark.parametrize(
    ("options", "ends"),
    [({}, True), ({"headless": False, "autostart": True}, True), ({"headless": False}, False)],
    ids=["headless", "by itself with a page", "with a page"],
)
def test_a_signal_before_the_run_ends_what_waits_for_it(
    options: dict[str, bool], leading: ModuleType, capsys: pytest.CaptureFixture[str], *, ends: bool
) -> None:
    """INCONCLUSIVE, if a run was to begin by itself; else a page is closed, on which nobody has started any."""
    locust = Locust(**options)
    leads_it = leads(leading, locust)
    if ends:
        with pytest.raises(SystemExit) as exits:
            leads_it._interrupted("Ctrl-C")
        assert exits.value.code == ExitCode.INCONCLUSIVE
        assert "INCONCLUSIVE: Ctrl-C before the run had begun" in capsys.readouterr().out
        assert locust.told == ["stage closes"]
    else:
        leads_it._interrupted("Ctrl-C")
        assert locust.told == ["quit", "page stops"]


@pytest.mark.parametrize("headless", [True, False])
def test_nothing_ends_before_the_verdict(
    leading: ModuleType, monkeypatch: pytest.MonkeyPatch, *, headless: bool
) -> None:
    """Whoever wants an end is told to the leader, who is waited for as long as it may take, and no longer."""
    monkeypatch.setattr(leading, "MasterRunner", Locust)
    ways: list[tuple[Callable[[Leading], None], str]] = [
        (lambda it: it._stops(), "Locust ended it" if headless else "it was stopped on Locust's page"),
        (lambda it: it._quits(), "Locust ended it" if headless else "SIGTERM"),
        (lambda it: it._interrupted("Ctrl-C"), "Ctrl-C"),
    ]
    for ends, why in ways:
        leads_it = leads(leading, Locust(headless=headless))
        waited: list[float] = []
        leads_it._concluded = SimpleNamespace(wait=waited.append)
        leader = leads_it._leader = Run(two()).leader
        ends(leads_it)
        assert (leader._interrupted, waited) == (why, [leader.concludes_within])
        # Locust ends by itself when its last worker has gone, and that is why.
        assert bool(leader.roster.lost) == (why != "Ctrl-C")


def test_who_ends_a_run_that_has_ended_is_told_what_is_waited_for(
    leading: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its verdict is to come, and only a second signal would lose it."""
    leads_it = leads(leading, Locust())
    leads_it._concluded = SimpleNamespace(wait=lambda _: None)
    leader = leads_it._leader = Run(two()).leader
    leader._stopped = 1.0
    leads_it._interrupted("Ctrl-C")
    assert leader._interrupted == ""
    assert "Ctrl-C: the run has ended, and its verdict is to come; a second one" in capsys.readouterr().out


def test_events_without_a_run_wait_for_nothing(leading: ModuleType) -> None:
    """Locust ends its users also when the verdict is there, and Ctrl-C then takes nothing back."""
    locust = Locust()
    leads_it = leads(leading, locust)
    leads_it._last = RUNS[Outcome.GO]
    leads_it._concluded.clear()
    leads_it._stops()
    leads_it._quits()
    leads_it._interrupted("Ctrl-C")
    assert locust.told == []


def test_a_run_begins_with_no_word_of_the_one_before(leading: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is INCONCLUSIVE until it has its own verdict; and it expects the workers that it waited for."""
    monkeypatch.setattr(leading, "MasterRunner", Locust)
    for headless, expected in ((True, 3), (False, 2)):
        spawned: list[object] = []
        monkeypatch.setattr(leading.gevent, "spawn", lambda *given, into=spawned: into.append(given))
        locust = Locust(headless=headless, expect_workers=3)
        leads_it = leads(leading, locust)
        leads_it._stage = stage(locust, lambda: Run(two()).leader.order)
        leads_it._members, leads_it._told, locust.process_exit_code = (ONE, OTHER), ["VERDICT  GO"], 0
        leads_it._starts()
        assert leads_it._leader is not None
        assert (locust.process_exit_code, leads_it._told, leads_it._leader._expected) == (75, [], expected)
        assert not leads_it._concluded.is_set()
        assert spawned == [(leads_it._lead, leads_it._leader)]


@pytest.mark.parametrize("breaks", [False, True])
def test_a_run_that_is_over_is_over_for_everybody(
    leading: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, breaks: bool
) -> None:
    """Who waits for its verdict goes on, with what was read of the platform beside; also if there is none."""
    monkeypatch.setattr(leading, "metrics_of", lambda *_: SimpleNamespace(readings=[], notes=("/metrics is silent",)))
    monkeypatch.setattr(leading, "read_on", lambda _: None)
    monkeypatch.setattr(leading, "write", lambda *_: None)
    locust = Locust()
    leads_it, leader = leads(leading, locust), Run(two()).leader
    leads_it._leader = leader
    leads_it._concluded.clear()
    monkeypatch.setattr(leader, "conduct", lambda: 1 / 0 if breaks else RUNS[Outcome.NO_GO])
    leads_it._lead(leader)
    assert vars(leads_it)["_leader"] is None
    assert leads_it._concluded.is_set()
    assert locust.told == ["quit"]
    assert locust.process_exit_code == (3 if breaks else 1)
    assert (leads_it._last is not None and leads_it._last.notes == ("/metrics is silent",)) != breaks
    leads_it._ends()
    said = capsys.readouterr().out
    assert ("INVALID: internal-error" in said, "ZeroDivisionError" in said) == (breaks, breaks)
    assert said.startswith("told for 20 s against told (https://h)")


@pytest.mark.parametrize(
    ("going_on", "told", "code", "ends_with"),
    [(False, ["", "VERDICT"], 1, 1), (True, ["VERDICT"], 1, 75), (False, [], 1, 75), (False, ["VERDICT"], None, 75)],
    ids=["after its verdict", "of a run before this one", "before any", "without a code"],
)
def test_a_second_signal_ends_with_the_verdict_that_there_is(
    told: list[str], code: int | None, ends_with: int, leading: ModuleType, *, going_on: bool
) -> None:
    """And with INCONCLUSIVE where there is none yet."""
    locust = Locust()
    leads_it = leads(leading, locust)
    leads_it._told, locust.process_exit_code = told, code
    leads_it._leader = Run(two()).leader if going_on else None
    found, text = leads_it._last_word()
    assert found == ends_with
    assert ("\nVERDICT" in text, "no report" in text) == (ends_with == 1, ends_with != 1)


@pytest.mark.parametrize(("broken", "code"), [("folder", 70), ("anything", 3)])
def test_a_run_that_cannot_begin_ends_with_why(
    broken: str, code: int, leading: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also the second of a page: the code of the first is no word on it, and no secret is shown."""
    address = "https://somebody:hunter2@chat.example"

    def order() -> None:
        raise leading.RunFolderError("runs/x has a verdict") if broken == "folder" else ValueError(address)

    monkeypatch.setattr(leading.gevent, "spawn", lambda called: called())
    locust = Locust()
    locust.process_exit_code = 0
    leads_it = leads(leading, locust)
    leads_it._stage = stage(locust, order)
    leads_it._starts()
    assert (locust.process_exit_code, locust.told, leads_it._leader) == (code, ["quit"], None)
    leads_it._ends()
    *trace, last = capsys.readouterr().out.splitlines()
    assert last.startswith("INVALID: run-folder: runs/x" if code == 70 else "INVALID: internal-error")
    assert trace[-1:] == ([] if code == 70 else ["ValueError: https://somebody:*****@chat.example"])


def test_workers_have_the_time_to_remove_their_people(leading: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its share of them; before any run nobody has, and nobody is waited for."""
    waited: list[float] = []
    monkeypatch.setattr(leading, "MasterRunner", Locust)
    locust = Locust()

    def await_offspring(within: float) -> None:
        waited.append(within)
        locust.told.append("workers end")

    monkeypatch.setattr(leading, "await_offspring", await_offspring)
    leads_it = leads(leading, locust)
    leads_it._ends()
    leads_it._members = (ONE, OTHER, THIRD)
    leads_it._quit_workers()
    assert waited == [0.0, leading.DRAIN_AT_ONCE + enough_for(34)]
    # A sandbox is not ended under people who are still removed.
    assert locust.told[:3] == ["quit", "workers end", "stage closes"]
