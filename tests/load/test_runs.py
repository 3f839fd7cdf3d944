"""Whole runs: each way in which one goes or ends has its outcome, its exit code, and leaves nothing behind."""

import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
import pytest
import zmq

from loadtests.verdict import Cause
from tests.load.processes import Locust, Stage, free_port, lives, stage, until


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def test_a_run_ends_with_its_verdict_as_the_last_thing_said(staged: Stage) -> None:
    """GO is exit code 0, the evidence is in the folder, and Locust's own tables and files are there, too."""
    files = ("--csv", str(staged.folder / "locust"), "--html", str(staged.folder / "locust.html"))
    with staged.locust(*files) as locust:
        assert locust.ends() == 0, locust.said
    verdict = staged.verdict()
    assert (verdict["verdict"], verdict["exit_code"]) == ("GO", 0)
    assert "chat getHealth" in locust.said
    tail = locust.said.partition("VERDICT  GO  (exit code 0)")[2]
    assert "Response time percentiles" not in tail
    assert str(staged.folder / "run") in locust.said.splitlines()[-1]
    assert "chat getHealth" in (staged.folder / "locust_stats.csv").read_text()
    assert (staged.folder / "locust.html").exists()
    assert {file.name for file in (staged.folder / "run").iterdir()} >= {"verdict.json", "report.html", "series.csv"}


def test_a_broken_limit_is_no_go(staged: Stage) -> None:
    """Exit code 1, and with --stop-when-decided long before the profile is over."""
    staged.target.status = 503
    with staged.locust("--stop-when-decided", lasting="10 min") as locust:
        assert locust.ends() == 1, locust.said
    assert "status 503" in locust.said
    assert staged.verdict()["verdict"] == "NO-GO"


def test_several_processes_give_one_verdict(staged: Stage) -> None:
    """What all of them sent is counted once, and the master's verdict is the exit code."""
    with staged.locust("--processes", "2") as locust:
        locust.says("last second")
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
        locust.says("last second")
        children = locust.children
        signal_to(children[0], signal.SIGKILL)
        assert locust.ends() == Cause.WORKER_LOST.code, locust.said
    assert not any(map(lives, children))


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")],
    ids=["Ctrl-C", "SIGTERM", "lost terminal"],
)
def test_an_interrupted_run_writes_its_verdict(staged: Stage, number: signal.Signals, name: str) -> None:
    """INCONCLUSIVE, with what was known by then."""
    with staged.locust(lasting="10 min") as locust:
        locust.says("last second")
        locust.signalled(number)
        if number is signal.SIGHUP:
            # Shell and kernel both send it, a moment apart.
            threading.Event().wait(0.1)
            locust.signalled(number)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "INCONCLUSIVE"
    assert name in locust.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_that_reaches_workers_too_loses_none(staged: Stage, number: signal.Signals) -> None:
    """A terminal sends it to all, as `timeout` does: the leader ends the run, and the workers wait for its word."""
    with staged.locust("--processes", "2", lasting="10 min") as locust:
        locust.says("last second")
        locust.signalled(number, group=True)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "INCONCLUSIVE"


def test_a_second_ctrl_c_ends_it_at_once(staged: Stage) -> None:
    """Whoever asks twice does not want to wait for what is in flight."""
    staged.target.delay = 30
    with staged.locust(lasting="10 min") as locust:
        locust.says("last second")
        locust.signalled(signal.SIGINT)
        threading.Event().wait(0.5)
        locust.signalled(signal.SIGINT)
        assert locust.process.wait(2) == 75, locust.said


def test_every_mistake_is_told_before_anything_is_started(staged: Stage) -> None:
    """Exit code 64, in words, all at once."""
    with Locust(
        staged.folder,
        *("-f", "loadtests/locustfile.py", "--headless", "--profile", "smok", "--env", "blu", "--for", "soon"),
    ) as locust:
        assert locust.ends() == 64, locust.said
    assert "did you mean smoke?" in locust.said
    assert "did you mean blue?" in locust.said
    assert "--for: " in locust.said
    assert "Traceback" not in locust.said


def test_a_mistake_is_not_told_half_a_minute_before_the_end(staged: Stage) -> None:
    """Processes that were made already have nobody to remove, and are not waited for."""
    with staged.locust("--for", "soon", "--processes", "2") as locust:
        assert locust.process.wait(20) == 64, locust.said
    assert "--for: " in locust.said


def test_a_user_that_there_is_not_is_a_wrong_configuration(staged: Stage) -> None:
    """Locust's own code for it is that of a broken platform."""
    with staged.locust("OpenVisitor") as locust:
        assert locust.ends() == 64, locust.said
    assert "there is no 'OpenVisitor'; allowed: ClosedVisitor, " in locust.said


def test_what_breaks_before_the_run_is_never_a_broken_platform(staged: Stage) -> None:
    """A library that cannot be loaded, and a port that somebody has, end with 3."""
    broken = staged.folder / "broken"
    broken.mkdir()
    (broken / "uvloop.py").write_text("raise ImportError('of another machine')")
    with Locust(staged.folder, "-f", "loadtests/locustfile.py", PYTHONPATH=str(broken)) as locust:
        assert locust.ends() == 3, locust.said
    assert "ImportError: of another machine" in locust.said
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with staged.locust("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port) as locust:
            assert locust.ends() == 3, locust.said
    assert "Address already in use" in locust.said
    assert "--master-bind-port" in locust.said.splitlines()[-1]


def test_a_second_run_against_a_target_is_refused_unless_allowed_by_name(staged: Stage) -> None:
    """It is told which run holds the target, and may be made alongside of that one."""
    with staged.locust(lasting="10 min") as first:
        first.says("last second")
        with staged.locust(run="second") as second:
            assert second.ends() == 66, second.said
        assert "Traceback" not in second.said
        holder = second.said.partition("--alongside ")[2].split()[0]
        with staged.locust("--alongside", holder, run="third") as third:
            assert third.ends() == 0, third.said
        assert holder in third.said


def test_a_target_that_switches_under_the_run_makes_it_invalid(staged: Stage) -> None:
    """Exit code of its own, and the change in words."""
    with staged.locust(lasting="10 min") as locust:
        locust.says("last second")
        staged.target.slot = "green"
        assert locust.ends() == Cause.TARGET_CHANGED.code, locust.said
    assert "chat answered from slot green, not blue" in locust.said


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("", "chat answered without ever sending X-Served-By, and build b1 is meant"),
        ("X-Served-By: nginx\r\n", "chat does not say well who answers, and build b1 is meant"),
    ],
)
def test_a_target_that_does_not_say_who_it_is_is_not_the_build_that_is_meant(
    staged: Stage, says: str, told: str
) -> None:
    """The run ends at once, for nobody knows what it measures."""
    with staged.environment.open("a") as file:
        file.write('build = "b1"\n')
    staged.target.says = says
    with staged.locust(lasting="10 min") as locust:
        assert locust.ends() == Cause.TARGET_CHANGED.code, locust.said
    assert told in locust.said


def test_a_folder_that_cannot_be_written_is_told_before_the_run(staged: Stage) -> None:
    """Exit code 70: a run without evidence is none."""
    (staged.folder / "run").write_text("a file")
    with staged.locust() as locust:
        assert locust.ends() == 70, locust.said
    assert "Traceback" not in locust.said


def test_a_disk_that_is_full_at_the_end_is_told_last(staged: Stage) -> None:
    """The verdict that could not be kept is no pass: exit code 70, and that is the last word."""
    with staged.locust() as locust:
        # More than it prints, and less than a report.
        resource.prlimit(locust.process.pid, resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
        assert locust.ends() == 70, locust.said[-2000:]
    assert locust.said.splitlines()[-1].endswith("is not in its folder: the process ends with 70")


def test_workers_whose_master_is_killed_end_by_themselves(staged: Stage) -> None:
    """In bounded time, with a code that says so; no new master adopts them."""
    port = str(free_port())
    master = ("--master", "--expect-workers", "1", "--master-bind-port", port)
    with staged.locust(*master, lasting="10 min") as leading:
        worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
        with Locust(staged.folder, *worker) as working:
            leading.says("last second")
            leading.signalled(signal.SIGKILL)
            leading.process.wait()
            # Its lock is gone with it; another one takes the port, and waits for workers of its own.
            with staged.locust(*master, "--expect-workers-max-wait", "30", run="next") as following:
                assert working.ends() == Cause.WORKER_LOST.code, working.said
                following.signalled(signal.SIGTERM)
                assert following.ends() == 75, following.said
    assert "last second" not in following.said


def test_a_worker_that_joins_late_is_not_used(staged: Stage) -> None:
    """It is noted in the report, and neither loses nor gains the run anything."""
    port = str(free_port())
    worker = ("-f", "loadtests/locustfile.py", "--worker", "--headless", "--master-port", port)
    master = ("--master", "--expect-workers", "1", "--master-bind-port", port)
    with staged.locust(*master, lasting="9 s") as leading, Locust(staged.folder, *worker) as first:
        leading.says("last second")
        with Locust(staged.folder, *worker) as late:
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
        leading.says("last second")
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
        locust.says("last second")
        [stopped, _] = children = locust.children
        os.kill(stopped, signal.SIGSTOP)
        locust.says("Shape test completed")
        os.kill(stopped, signal.SIGCONT)
        assert locust.ends() == Cause.WORKER_LOST.code, locust.said
    assert not any(map(lives, children))


def test_a_rate_that_no_machine_can_send_is_invalid_in_bounded_time(staged: Stage) -> None:
    """What was asked is told beside what was started; nobody waits for the schedule to be caught up with."""
    profile = staged.profile("3 s")
    profile.write_text(profile.read_text().replace("50 /s", "1000000 /s"))
    with staged.locust(lasting="") as locust:
        # A slow machine is late above all, a quick one refuses.
        assert locust.ends() in {Cause.GENERATOR_LAG.code, Cause.NOT_STARTED.code}, locust.said
    arrivals = staged.verdict()["load"]["arrivals"]
    assert arrivals["started"] + arrivals["refused"] == arrivals["asked"]
    assert "arrivals were due and not started" in locust.said
    assert "of 3000000 arrivals were started" in locust.said


def test_a_name_that_does_not_resolve_is_told_before_the_run(staged: Stage) -> None:
    """The environment cannot be used: no load is tried, and no platform blamed."""
    staged.environment.write_text(staged.environment.read_text().replace("127.0.0.1", "nowhere.invalid"))
    with staged.locust() as locust:
        assert locust.ends() == 66, locust.said
    assert "nowhere.invalid" in locust.said
    assert "Traceback" not in locust.said


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
    with staged.locust(
        *("--master", "--expect-workers", "2", "--master-bind-port", port), *page, headless=False, run="next"
    ) as waiting:
        waiting.says("Starting web interface")
        threading.Event().wait(2)
        waiting.signalled(signal.SIGINT)
        assert waiting.ends() == 75, waiting.said


def test_runs_are_started_and_stopped_on_the_page(staged: Stage) -> None:
    """Each has a verdict and a folder of its own, and the last one's code is what the process ends with."""
    port = str(free_port())
    with (
        staged.locust("--web-host", "127.0.0.1", "--web-port", port, lasting="4 s", headless=False) as locust,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as page,
    ):
        locust.says("Starting web interface")
        until(lambda: answers(page))
        assert page.post("/swarm").json()["success"]
        locust.says("VERDICT  GO")
        until(lambda: page.get("/stats/requests").json()["state"] == "stopped")
        assert page.post("/swarm").json()["success"]
        until(lambda: locust.said.count("last second") >= 2)
        assert page.post("/stop").json()["success"]
        locust.says("VERDICT  INCONCLUSIVE")
        locust.signalled(signal.SIGTERM)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "GO"
    assert "stopped on Locust's page" in str(staged.verdict("run-2")["reasons"])


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


def answers(page: httpx.Client) -> bool:
    try:
        return page.get("/").is_success
    except httpx.TransportError:
        return False


def signal_to(pid: int, number: signal.Signals) -> None:

    os.kill(pid, number)
    until(lambda: not lives(pid))
