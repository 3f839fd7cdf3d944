"""Whole runs: each way in which one goes or ends has its outcome, its exit code, and leaves nothing behind."""

import resource
import signal
import socket
import threading
from functools import partial

import httpx
import pytest

from loadtests.soundness import Cause
from tests.load.processes import Locust, Stage, answers, free_port, until


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


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")],
    ids=["Ctrl-C", "SIGTERM", "lost terminal"],
)
def test_an_interrupted_run_writes_its_verdict(staged: Stage, number: signal.Signals, name: str) -> None:
    """INCONCLUSIVE, with what was known by then."""
    with staged.locust(lasting="10 min") as locust:
        locust.says("so far")
        locust.signalled(number)
        if number is signal.SIGHUP:
            # Shell and kernel both send it, a moment apart.
            threading.Event().wait(0.1)
            locust.signalled(number)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "INCONCLUSIVE"
    assert name in locust.said


def test_a_second_ctrl_c_ends_it_at_once(staged: Stage) -> None:
    """Whoever asks twice does not want to wait for the end, whatever it is that takes so long."""
    endless = staged.folder / "endless_locustfile.py"
    endless.write_text(
        "import gevent\n"
        "from loadtests.conductor import leading\n"
        "from loadtests.locustfile import *\n"
        "leading.write = lambda *_: print('writes', flush=True) or gevent.sleep(3600)\n"
    )
    with staged.locust("-f", str(endless), lasting="10 min") as locust:
        locust.says("so far")
        locust.signalled(signal.SIGINT)
        locust.says("writes")

        until(partial(_interrupts, locust))  # two that come at once are one
        assert locust.ends() == 75, locust.said
    assert "INCONCLUSIVE: ended at once by a second signal: no report" in locust.said
    assert not (staged.folder / "run" / "verdict.json").exists()


def test_a_second_ctrl_c_after_the_run_takes_no_verdict_back(staged: Stage) -> None:
    """Whatever is still tidied up is not waited for; what was proven is said, and the code is that of it."""
    endless = staged.folder / "endless_locustfile.py"
    endless.write_text(
        "import gevent\n"
        "from loadtests.conductor.stage import Stage\n"
        "from loadtests.locustfile import *\n"
        "Stage.close = lambda _: print('closes', flush=True) or gevent.sleep(3600)\n"
    )
    with staged.locust("-f", str(endless), lasting="2 s") as locust:
        locust.says("closes")
        assert "VERDICT" not in locust.said
        until(partial(_interrupts, locust))
        assert locust.ends() == 0, locust.said
    assert "VERDICT  GO  (exit code 0)" in locust.said
    assert "no report" not in locust.said


def test_ctrl_c_behind_the_last_word_changes_nothing(staged: Stage) -> None:
    """While Python tidies up, it would end the process as one that was never to have a verdict."""
    with staged.locust(lasting="2 s") as locust:
        locust.says("VERDICT  GO")
        until(partial(_interrupts, locust))
        assert locust.ends() == 0, locust.said
    assert locust.said.splitlines()[-1].startswith("run ")


def _interrupts(locust: Locust) -> bool:
    """Whether it has ended, at the latest by this Ctrl-C."""
    locust.signalled(signal.SIGINT)
    return locust.process.poll() is not None


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
    assert "OpenVisitor: is no option and no user; allowed: ClosedVisitor, " in locust.said


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
        first.says("so far")
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
        locust.says("so far")
        until(lambda: staged.target.answered > 20)  # it has seen who answers
        staged.target.slot = "green"
        assert locust.ends() == Cause.TARGET_CHANGED.code, locust.said
    assert "chat answered from slot green, not blue" in locust.said


def test_a_target_that_does_not_say_who_it_is_is_not_the_build_that_is_meant(staged: Stage) -> None:
    """The run ends at once, for nobody knows what it measures."""
    with staged.environment.open("a") as file:
        file.write('build = "b1"\n')
    staged.target.says = ""
    with staged.locust(lasting="10 min") as locust:
        assert locust.ends() == Cause.TARGET_CHANGED.code, locust.said
    assert "chat answered without ever sending X-Served-By, and build b1 is meant" in locust.said


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


def test_a_run_that_broke_says_so_last(staged: Stage) -> None:
    """Exit code 3: Locust's tables come after the traceback, and look like a run that went well."""
    broken = staged.folder / "broken_locustfile.py"
    broken.write_text(
        "from loadtests.conductor import leading\n"
        "from loadtests.locustfile import *\n"
        "leading.write = lambda *_: 1 / 0\n"
    )
    with staged.locust("-f", str(broken), lasting="2 s") as locust:
        assert locust.ends() == 3, locust.said
    assert "ZeroDivisionError" in locust.said
    assert locust.said.splitlines()[-1].startswith("INVALID: internal-error: ")


# asyncio's server closes no connection that is in the middle of its handshake when it ends; here thousands may be.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_rate_that_no_machine_can_send_is_invalid(staged: Stage) -> None:
    """Whatever of it could be started is told beside what was asked, and no platform is blamed for how long it took."""
    profile = staged.profile("200 ms")
    profile.write_text(profile.read_text().replace("50 /s", "1000000 /s").replace('lag = "50 %"', 'lag = "1 %"'))
    with staged.locust(lasting="") as locust:
        assert locust.ends() == Cause.GENERATOR_LAG.code, locust.said
    verdict = staged.verdict()
    assert verdict["reasons"][0].startswith("generator-lag: arrivals were started ")
    arrivals = verdict["load"]["arrivals"]
    assert arrivals["started"] + arrivals["refused"] == arrivals["asked"] == 200_000


def test_greenlets_that_take_more_of_a_core_than_is_allowed_make_the_run_invalid(staged: Stage) -> None:
    """It blames no platform then, whatever it measured: here the least that greenlets take is more than is allowed."""
    profile = staged.profile("2 s")
    profile.write_text(profile.read_text().replace("[soundness]", '[soundness]\ncpu = "0.001 %"'))
    staged.target.status = 503
    with staged.locust(lasting="") as locust:
        assert locust.ends() == Cause.GENERATOR_CPU.code, locust.said
    verdict = staged.verdict()
    assert (verdict["verdict"], verdict["exit_code"]) == ("INVALID", Cause.GENERATOR_CPU.code)
    assert "of a core, allowed 0.001 %" in verdict["reasons"][0]


def test_too_few_samples_make_the_run_invalid(staged: Stage) -> None:
    """A line that asks for more than there were is not kept by how good these are."""
    profile = staged.profile("2 s")
    profile.write_text(profile.read_text().replace("each: errors", "chat getHealth: samples >= 1000000\neach: errors"))
    with staged.locust(lasting="") as locust:
        assert locust.ends() == Cause.MINIMUM_EVIDENCE.code, locust.said
    too_few = "minimum-evidence: chat getHealth: 100 samples, at least 1,000,000 asked for"
    assert staged.verdict()["reasons"] == [too_few]


def test_a_name_that_does_not_resolve_is_told_before_the_run(staged: Stage) -> None:
    """The environment cannot be used: no load is tried, and no platform blamed."""
    staged.environment.write_text(staged.environment.read_text().replace("127.0.0.1", "nowhere.invalid"))
    with staged.locust() as locust:
        assert locust.ends() == 66, locust.said
    assert "nowhere.invalid" in locust.said
    assert "Traceback" not in locust.said


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
        until(lambda: locust.said.count("so far") >= 2)
        assert page.post("/stop").json()["success"]
        locust.says("VERDICT  INCONCLUSIVE")
        told = locust.said.count("so far")
        assert page.post("/swarm").json()["success"]
        until(lambda: locust.said.count("so far") > told)
        locust.signalled(signal.SIGTERM)
        assert locust.ends() == 75, locust.said
    assert staged.verdict()["verdict"] == "GO"
    assert "stopped on Locust's page" in str(staged.verdict("run-2")["reasons"])
    assert "ended early: SIGTERM" in str(staged.verdict("run-3")["reasons"])


def test_the_page_says_who_is_loaded_and_starts_nothing_else(staged: Stage) -> None:
    """It refuses another host, profile, number of users or time; its logs have the verdict, the last thing said."""
    port, api = str(free_port()), staged.target.address
    sends = {"user_count": "0", "spawn_rate": "0", "host": api, "run_time": "", "profile": str(staged.profile())}
    with (
        staged.locust("--web-host", "127.0.0.1", "--web-port", port, headless=False) as locust,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as page,
    ):
        until(lambda: answers(page))
        assert f'"host": "{api}"' in page.get("/").text
        others = {"host": "https://example.org", "profile": "soak"}
        for name, value in {**others, "user_count": "9", "spawn_rate": "9", "run_time": "9"}.items():
            answer = page.post("/swarm", data={**sends, name: value}).json()
            assert not answer["success"]
            assert f"not started: {name}: " in answer["message"]
        assert page.post("/swarm", data=sends).json()["success"]
        locust.says("VERDICT  GO")
        assert "loadtests: VERDICT  GO" in page.get("/logs").text
        locust.signalled(signal.SIGINT)
        assert locust.ends() == 0, locust.said
    assert locust.said.splitlines()[-1].startswith("run ")
    assert staged.verdict()["load"]["arrivals"]["started"] == 200
