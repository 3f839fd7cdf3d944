"""The ways to break a sandbox, on folders and control channels of their own: what is broken is mended again."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fixtures.sandbox.faults.mangler.rules import Respond
from fixtures.sandbox.faults.model import Fault, FaultError, Target, Together
from fixtures.sandbox.faults.parts.anything import decides, decides_awaited, omits
from fixtures.sandbox.faults.ways.joints import Replaced, command
from fixtures.sandbox.faults.ways.routes import Crossed, Mangled, Misled, Missing, Switched, Taking
from fixtures.sandbox.layout import SLOTS, Layout, other_slot
from fixtures.sandbox.services.control import listen
from fixtures.sandbox.services.parts.base import Parts

SERVICES = ("auth", "chat")


class Rules:
    def allows(self, what: str) -> bool:
        return what == "good" and not self.forbids(what)

    def forbids(self, what: str) -> bool:
        return what == "bad"

    async def count(self) -> int:
        return 1


@dataclass
class SomeParts(Parts):
    rules: Rules


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.create_folders(SERVICES, "green")
    return made


@pytest.fixture
def parts(layout: Layout) -> Iterator[SomeParts]:
    """Both slots' control channels of chat, in front of the same collaborators."""
    kept = SomeParts(Rules())
    serving, over = threading.Event(), threading.Event()

    async def serve() -> None:
        servers = [await listen(kept, layout.control(slot, "chat")) for slot in SLOTS]
        serving.set()
        await asyncio.to_thread(over.wait)
        for server in servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=5) if others else None

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert serving.wait(5)
    yield kept
    over.set()
    thread.join(5)


def _fault(*tests: str) -> Fault:
    return Fault(id="x", breaks="It breaks.", ids=("SVC-01",), tests=tests, cause="chat", way=Missing("chat"))


def test_a_missing_route_comes_back(layout: Layout) -> None:
    """A route that was taken away leads to its service again, also when what was done meanwhile fails."""
    link, target = layout.route("green", "chat"), layout.socket("green", "chat")

    def fail_meanwhile() -> None:
        with Missing("chat").broken(layout, "green"):
            assert not link.is_symlink()
            raise RuntimeError("meanwhile")

    with pytest.raises(RuntimeError, match="meanwhile"):
        fail_meanwhile()
    assert link.readlink() == target


def test_a_route_is_misled_in_its_own_slot_alone(layout: Layout) -> None:
    """A misled route leads elsewhere in the slot that is broken, and the other keeps its own."""
    with Misled("chat", "auth").broken(layout, "green"):
        assert layout.route("green", "chat").readlink() == layout.socket("green", "auth")
        assert layout.route("blue", "chat").readlink() == layout.socket("blue", "chat")
    assert layout.route("green", "chat").readlink() == layout.socket("green", "chat")


def test_a_fault_aims_at_the_slot_that_its_suite_judges(layout: Layout) -> None:
    """A fault of smoke breaks the slot that is live, one of preflight the other, also after a switch."""
    for live, idle in (("green", "blue"), ("blue", "green")):
        layout.switch(live)
        for suite, judged, spared in (("smoke", live, idle), ("preflight", idle, live)):
            with _fault(f"suites/{suite}/test_x.py::test_x").on(layout):
                assert not layout.route(judged, "chat").is_symlink()
                assert layout.route(spared, "chat").is_symlink()
        assert Target.of("smoke", layout) == Target(live, layout.environment_file)
        assert Target.of("preflight", layout) == Target(idle, layout.slot_environment_file(idle))


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ((), "of none"),
        (("suites/smoke/test_x.py::test_x", "suites/preflight/test_x.py::test_x"), "of preflight and smoke"),
    ],
)
def test_a_fault_is_for_one_suite(tests: tuple[str, ...], told: str) -> None:
    """A fault whose checks are of no suite or of several has no slot to aim at, and is refused."""
    with pytest.raises(ValueError, match=f"x must name checks of one suite, not {told}"):
        _fault(*tests)


def test_a_route_is_crossed_in_its_own_slot_alone(layout: Layout) -> None:
    """A crossed route leads to the same service of the other slot, which keeps its own."""
    with Crossed("chat").broken(layout, "blue"):
        assert layout.route("blue", "chat").readlink() == layout.socket("green", "chat")
        assert layout.route("green", "chat").readlink() == layout.socket("green", "chat")
    assert layout.route("blue", "chat").readlink() == layout.socket("blue", "chat")


def test_a_slot_takes_the_traffic_of_one_service(layout: Layout) -> None:
    """Live traffic of one service leads to the slot that is not live; that of the others stays where it was."""
    with Taking("chat").broken(layout, "blue"):
        assert layout.live_slot == "green"
        assert layout.route("green", "chat").readlink() == layout.socket("blue", "chat")
        assert layout.route("green", "auth").readlink() == layout.socket("green", "auth")
    assert layout.route("green", "chat").readlink() == layout.socket("green", "chat")


def test_a_switch_is_taken_back(layout: Layout) -> None:
    """Whoever had the live traffic before has it again, if the sandbox is still there."""
    with Switched().broken(layout, "blue"):
        assert layout.live_slot == "blue"
    assert layout.live_slot == "green"
    with Switched().broken(layout, "blue"):
        shutil.rmtree(layout.root)
    assert not layout.root.exists()


def test_a_route_that_does_not_exist_cannot_be_broken(layout: Layout) -> None:
    """A fault that cannot be switched on says so."""
    with pytest.raises(FaultError, match="otp"), Missing("otp").broken(layout, "green"):
        pass


def test_a_sandbox_that_ends_meanwhile_is_no_failure(layout: Layout) -> None:
    """Mending a sandbox that is gone does nothing."""
    with Missing("chat").broken(layout, "green"):
        for slot in SLOTS:
            for link in layout.route(slot, "chat").parent.iterdir():
                link.unlink()
            layout.route(slot, "chat").parent.rmdir()


@pytest.mark.parametrize("slot", SLOTS)
def test_what_is_mangled_is_that_of_its_own_slot_alone(layout: Layout, slot: str) -> None:
    """While the fault is on the route leads to the mangler, and then to the service again; the other is left alone."""
    link, service = layout.route(slot, "chat"), layout.socket(slot, "chat")
    with Mangled("chat", Respond(status=418)).broken(layout, slot):
        through = httpx.HTTPTransport(uds=str(link))
        with httpx.Client(transport=through, base_url="http://localhost") as client:
            assert client.get("/health").status_code == 418
        mangler = link.readlink()
        assert layout.route(other_slot(slot), "chat").readlink() == layout.socket(other_slot(slot), "chat")
    assert link.readlink() == service
    assert not mangler.exists()
    with pytest.raises(FaultError, match=f"no route to {slot}/otp"), Mangled("otp").broken(layout, slot):
        pass


def test_a_joint_is_replaced_and_restored(layout: Layout, parts: SomeParts) -> None:
    """While the fault is on the collaborator is another, and afterwards the original, in every case."""
    original = parts.rules
    way = Replaced("chat", "rules", "anything:decides", {"allows": True})

    def fail_meanwhile() -> None:
        with way.broken(layout, "green"):
            assert parts.rules.allows("bad")
            assert parts.rules is not original
            raise RuntimeError("meanwhile")

    with pytest.raises(RuntimeError, match="meanwhile"):
        fail_meanwhile()
    assert parts.rules is original


@pytest.mark.parametrize(
    ("joint", "make", "args"),
    [
        ("rulez", "anything:decides", {"allows": True}),
        ("rules", "anything:decides", {"alows": True}),
        ("rules", "anything:no_such", {}),
        ("rules", "nothing:decides", {}),
    ],
)
def test_a_replacement_that_does_not_fit_is_refused(
    layout: Layout, parts: SomeParts, joint: str, make: str, args: dict[str, bool]
) -> None:
    """A fault whose joint or method is gone fails to switch on: it must not seem undetected."""
    original = parts.rules
    with pytest.raises(FaultError, match="refuses"), Replaced("chat", joint, make, dict(args)).broken(layout, "green"):
        pass
    assert parts.rules is original


def test_a_service_that_is_away_cannot_be_broken(layout: Layout) -> None:
    """Without a control channel a joint cannot be replaced, and the message says whose."""
    with pytest.raises(FaultError, match="auth"), Replaced("auth", "rules", "anything:decides").broken(layout, "green"):
        pass


def test_what_was_begun_is_undone_when_the_rest_fails(layout: Layout, parts: SomeParts) -> None:
    """Of several ways the first are mended when a later one cannot be switched on."""
    good = Replaced("chat", "rules", "anything:decides", {"allows": True})
    with pytest.raises(FaultError), Together((good, Missing("otp"))).broken(layout, "green"):
        pass
    assert command(layout.control("green", "chat"), {"list": True})["replaced"] == []
    assert not parts.rules.allows("bad")


def test_a_decision_is_met_by_the_collaborators_own_methods() -> None:
    """A changed decision also holds where the collaborator itself asks for it."""
    assert not decides(Rules(), forbids=True).allows("good")
    assert Rules().allows("good")


def test_work_is_omitted_each_nth_time() -> None:
    """Every n-th call does nothing, the others are the collaborator's own."""
    changed = omits(Rules(), "count", every=2)
    assert [asyncio.run(changed.count()) for _ in range(4)] == [1, None, 1, None]
    assert asyncio.run(decides_awaited(Rules(), "count", 7).count()) == 7
