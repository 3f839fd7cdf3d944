"""Runs over several processes: what becomes of one whose workers come late, go, or are told to."""

import os
import signal
from contextlib import ExitStack

import httpx
import msgspec
import pytest
import zmq

from loadtests.soundness import Cause
from tests.load.processes import Locust, Stage, answers, free_port, lives, until


def test_several_processes_give_one_verdict(staged: Stage) -> None:
    """What all of them sent is counted once, and the master's verdict is the exit code."""
    with staged.locust("--processes", "2") as locust:
        locust.says("so far")
        children = locust.children
        assert locust.ends() == 0, locust.said
    assert len(children) == 2
    assert not any(map(lives, children))
    load = staged.verdict()["load"]
    assert load["arrivals"]["asked"] == load["arrivals"]["started"] == 200
    assert load["latencies"]["chat getHealth"]["samples"] == staged.target.answered == 200


def test_a_worker_that_is_slow_to_listen_is_told_again(staged: Stage) -> None:
    """Locust counts a worker as ready before its init event, and drops letters that nobody listens to by then."""
    slow = staged.folder / "slow_locustfile.py"
    slow.write_text(
        "import gevent\n"
        "from locust import events\n"
        "from locust.runners import WorkerRunner\n"
        "@events.init.add_listener\n"
        "def wait(runner, **_):\n"
        "    if isinstance(runner, WorkerRunner):\n"
        "        gevent.sleep(2.5)\n"
        "from loadtests.locustfile import *\n"
    )
    with staged.locust("-f", str(slow), "--processes", "2") as locust:
        assert locust.ends() == 0, locust.said
    # Otherwise it was not slow enough for what this test is about.
    assert "Unknown message type" in locust.said
    assert staged.verdict()["load"]["arrivals"]["started"] == 200


def test_a_killed_worker_makes_the_run_invalid_at_once(staged: Stage) -> None:
    """What it had counted is gone; nobody waits for the end of the profile."""
    with staged.locust("--processes", "2", lasting="10 min") as locust:
        locust.says("so far")
        children = locust.children
        signal_to(children[0], signal.SIGKILL)
        assert locust.ends() == Cause.WORKER_LOST.code, locust.said
    assert not any(map(lives, children))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_that_reaches_workers_too_loses_none(staged: Stage, number: signal.Signals) -> None:
    """A terminal sends it to all, as `timeout` does: the leader ends the run, and the workers wait for its word."""
    with staged.locust("--processes", "2", lasting="10 min") as locust:
        locust.says("so far")
        locust.signalled(number, group=True)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "INCONCLUSIVE"


def test_workers_whose_master_is_killed_end_by_themselves(staged: Stage) -> None:
    """In bounded time, with a code that says so; no new master adopts them."""
    port = str(free_port())
    master = ("--master", "--expect-workers", "1", "--master-bind-port", port)
    with staged.locust(*master, lasting="10 min") as leading:
        worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
        with Locust(staged.folder, *worker) as working:
            leading.says("so far")
            leading.signalled(signal.SIGKILL)
            leading.process.wait()
            # Its lock is gone with it; another one takes the port, and waits for workers of its own.
            with staged.locust(*master, "--expect-workers-max-wait", "30", run="next") as following:
                assert working.ends() == Cause.WORKER_LOST.code, working.said
                assert working.said.count("INVALID: worker-lost: no master for 10 s") == 1
                following.signalled(signal.SIGTERM)
                assert following.ends() == 75, following.said
    assert "so far" not in following.said


def test_a_worker_that_joins_late_is_not_used(staged: Stage) -> None:
    """It is noted in the report, and neither loses nor gains the run anything."""
    port = str(free_port())
    worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
    master = ("--master", "--expect-workers", "1", "--master-bind-port", port)
    begun, patient = staged.folder / "begun", staged.folder / "patient_locustfile.py"
    patient.write_text(
        "import pathlib, time\n"
        "from loadtests.locustfile import *\n"
        "print('has imported everything', flush=True)\n"
        f"while not pathlib.Path({str(begun)!r}).exists():\n"
        "    time.sleep(0.05)\n"
    )
    with Locust(staged.folder, *worker, "-f", str(patient)) as late:
        late.says("has imported everything")
        with staged.locust(*master, lasting="9 s") as leading, Locust(staged.folder, *worker) as first:
            leading.says("so far")
            begun.touch()
            assert leading.ends() == 0, leading.said
            assert first.ends() == 0, first.said
            assert late.ends() == 0, late.said
    assert "joined late and was not used" in leading.said


def test_many_workers_that_join_late_do_no_harm(staged: Stage) -> None:
    """Locust would wait a second for each in the greenlet that reads all letters, and lose the others meanwhile."""
    port = str(free_port())
    processes = ("--processes", "2", "--master-bind-port", port, "--master-port", port)
    with (
        staged.locust(*processes, lasting="12 s") as leading,
        zmq.Context() as context,
        ExitStack() as ends,
    ):
        leading.says("so far")
        for number in range(8):
            late = ends.enter_context(context.socket(zmq.DEALER))
            name = f"late_{number}"
            late.identity = name.encode()
            late.connect(f"tcp://127.0.0.1:{port}")
            late.send(msgspec.msgpack.encode(("client_ready", -1, name)))
        assert leading.ends() == 0, leading.said
    assert leading.said.count("joined late and was not used") == 8


def test_a_worker_that_was_away_makes_the_run_invalid(staged: Stage) -> None:
    """It comes back, and what it did meanwhile is in no count: it ends by itself, and is not taken in again."""
    with staged.locust("--processes", "2", lasting="10 min") as locust:
        locust.says("so far")
        [stopped, _] = children = locust.children
        os.kill(stopped, signal.SIGSTOP)
        locust.says("Shape test completed")
        os.kill(stopped, signal.SIGCONT)
        assert locust.ends() == Cause.WORKER_LOST.code, locust.said
    assert not any(map(lives, children))


def test_a_worker_that_is_started_anew_before_the_run_is_no_loss(staged: Stage) -> None:
    """When the last one that is there goes, Locust's master would hear none that comes then."""
    port = str(free_port())
    worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
    with staged.locust("--master", "--expect-workers", "2", "--master-bind-port", port) as leading:
        with Locust(staged.folder, *worker) as first:
            leading.says("reported as ready")
            first.signalled(signal.SIGINT)
            assert first.ends() == 0, first.said
        leading.says(" quit. 0 workers ready")
        with Locust(staged.folder, *worker) as one, Locust(staged.folder, *worker) as other:
            assert leading.ends() == 0, leading.said
            assert [one.ends(), other.ends()] == [0, 0], one.said + other.said


def test_workers_whose_clocks_disagree_make_the_run_invalid(staged: Stage) -> None:
    """What the one counted in a second is not what the other did."""
    port = str(free_port())
    off = staged.folder / "off_locustfile.py"
    off.write_text(
        "from loadtests import clock\n"
        "from loadtests.locustfile import *\n"
        "clock.told = lambda told=clock.told: told() + 5.0\n"
    )
    worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
    with (
        staged.locust("--master", "--expect-workers", "2", "--master-bind-port", port, lasting="2 s") as leading,
        Locust(staged.folder, *worker) as one,
        Locust(staged.folder, *worker, "-f", str(off)) as other,
    ):
        assert leading.ends() == Cause.CLOCKS_DISAGREE.code, leading.said
        assert [one.ends(), other.ends()] == [0, 0], one.said + other.said
    assert "clocks-disagree: the workers' clocks disagree by " in staged.verdict()["reasons"][0]


@pytest.mark.parametrize("page", [False, True], ids=["headless", "with a page"])
def test_expected_workers_that_do_not_come_make_the_run_invalid(staged: Stage, *, page: bool) -> None:
    """Locust alone would wait for ever, or end as if the platform had failed."""
    port, web = str(free_port()), str(free_port())
    started = ("--autostart", "--web-host", "127.0.0.1", "--web-port", web) if page else ()
    master = ("--master", "--expect-workers", "2", "--expect-workers-max-wait", "2", "--master-bind-port", port)
    with staged.locust(*master, *started, headless=not page) as leading:
        assert leading.ends() == Cause.WORKER_LOST.code, leading.said
    assert "that never came" in leading.said


def test_a_run_that_starts_by_itself_with_a_page_has_the_workers_that_it_expects(staged: Stage) -> None:
    """It begins when all are there, and a signal before that is no broken platform."""
    port, web = str(free_port()), str(free_port())
    page = ("--autostart", "--autoquit", "0", "--web-host", "127.0.0.1", "--web-port", web)
    with staged.locust("--processes", "2", *page, headless=False) as locust:
        assert locust.ends() == 0, locust.said
    assert staged.verdict()["load"]["arrivals"]["started"] == 200
    telling = staged.folder / "telling_locustfile.py"
    telling.write_text(
        "from loadtests.conductor.leading import Leading\n"
        "from loadtests.locustfile import *\n"
        "def awaits(*arguments, awaits=Leading._await_workers):\n"
        "    print('waits for workers', flush=True)\n"
        "    awaits(*arguments)\n"
        "Leading._await_workers = awaits\n"
    )
    master = ("--master", "--expect-workers", "2", "--master-bind-port", port, "-f", str(telling))
    for number in (signal.SIGINT, signal.SIGTERM):
        with staged.locust(*master, *page, headless=False, run=number.name) as waiting:
            waiting.says("waits for workers")
            waiting.signalled(number)
            assert waiting.ends() == 75, waiting.said


def test_a_run_that_was_started_before_any_worker_was_there_is_started_again(staged: Stage) -> None:
    """Locust would follow the shape of the first for ever, and begin no other until the master is started anew."""
    port, web = str(free_port()), str(free_port())
    master = ("--master", "--master-bind-port", port, "--web-host", "127.0.0.1", "--web-port", web)
    worker = ("-f", "loadtests/locustfile.py", "--worker", "--master-port", port)
    with (
        staged.locust(*master, headless=False) as leading,
        httpx.Client(base_url=f"http://127.0.0.1:{web}", timeout=30) as page,
    ):
        until(lambda: answers(page))
        assert page.post("/swarm").json()["success"]
        leading.says("Shape test stopping")
        with Locust(staged.folder, *worker) as working:
            leading.says("reported as ready")
            assert page.post("/swarm").json()["success"]
            leading.says("VERDICT  GO")
            leading.signalled(signal.SIGTERM)
            assert leading.ends() == 0, leading.said
            assert working.ends() == 0, working.said


def signal_to(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)
    until(lambda: not lives(pid))
