"""One side of a measurement of websockets, in a process of its own: `python -m benchmarks.socket_sides NAME ...`.

`echo PORT FOLDER` serves on PORT, and over TLS on the next one with the certificates of FOLDER, until it is terminated.
Everything else is a generator, `NAME URL CA_FILE SECONDS`: it prints as JSON what it did, and its CPU seconds for it.
"""

# ruff: noqa: PLC0415 - each side imports what it is made of, and no more: its memory is measured
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTIONS: Final = 32
TEXT: Final = "x" * 64
MESSAGES: Final = 10
"""Of one task of a user, on either side: a person who chats says more than one thing. Locust's own loop of tasks is the
same for both, and is not what is compared."""
SUBJECT: Final = "echo"
_WARMING: Final = 0.5
_OPENING: Final = 60.0
IDLE: Final = 10_000
IDLE_TLS: Final = 1_000
IDLE_RATE: Final = 4000.0


def echo(port: str, folder: str) -> None:
    """Send back every message, as fast as there is a way to."""
    import asyncio
    import ssl

    import uvloop
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            elif frame.msg_type is WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, frame.get_payload_as_memoryview())

    async def serve() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(Path(folder) / "server.pem", Path(folder) / "server.key")
        for number, secure in enumerate((None, context)):
            await ws_create_server(lambda _: Echo(), "127.0.0.1", int(port) + number, ssl=secure, backlog=4096)
        await asyncio.Event().wait()

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    uvloop.run(serve())


def users(talk: Callable[[Any, str, str], Callable[[], object]], url: str, ca_file: str, seconds: float) -> None:
    """Measure messages of Locust users, each in Locust's loop of tasks; `talk` opens one and says what to repeat."""
    import gevent
    from locust import User, constant, task
    from locust.env import Environment

    done = [0]

    class Talker(User):
        wait_time = constant(0)

        def on_start(self) -> None:
            self.repeat = talk(self.environment.events.request.fire, url, ca_file)

        @task
        def says(self) -> None:
            for _ in range(MESSAGES):
                self.repeat()
                done[0] += 1

    environment = Environment(user_classes=[Talker])
    runner = environment.create_local_runner()
    runner.start(CONNECTIONS, spawn_rate=1000)
    gevent.sleep(_WARMING)
    before, cpu = done[0], time.process_time()
    gevent.sleep(seconds)
    tell(done=done[0] - before, cpu=time.process_time() - cpu, failed=environment.stats.total.num_failures)


def websocket_client(*, counted: bool) -> Callable[[Any, str, str], Callable[[], object]]:
    """The reference, as its documentation shows it; with Locust's event for each message if they are `counted`."""
    from websocket import create_connection

    def talk(fire: Callable[..., object], url: str, ca_file: str) -> Callable[[], object]:
        socket = create_connection(url.replace("http", "ws", 1), sslopt={"ca_certs": ca_file}, timeout=10)

        def ask() -> None:
            began = time.perf_counter()
            socket.send(TEXT)
            answer = socket.recv()
            if counted:
                fire(
                    request_type="WS",
                    name=SUBJECT,
                    response_time=(time.perf_counter() - began) * 1000,
                    response_length=len(answer),
                    exception=None,
                    context={},
                )

        return ask

    return talk


def greenlet(fire: Callable[..., object], url: str, ca_file: str) -> Callable[[], object]:
    """Our own socket of a greenlet, with Locust's event."""
    from fixtures.http1.target import Target
    from loadtests.sockets.greenlet import Socket

    socket = Socket.connect(Target.of(url, Path(ca_file)), "/", fire=fire)
    return lambda: socket.ask(TEXT, SUBJECT, 10.0)


def engine(url: str, ca_file: str, seconds: float) -> None:
    """Measure messages of the engine, in its thread beside Locust's."""
    import gevent
    import locust  # noqa: F401 - the engine runs in a process of Locust

    from fixtures.http1.target import Target
    from loadtests.engine import Engine
    from loadtests.sockets.engine import Talk

    running = Engine(Target.of(url, Path(ca_file)))
    running.start(Talk(SUBJECT, "/", text=TEXT.encode(), connections=CONNECTIONS))
    gevent.sleep(_WARMING)
    running.take()
    cpu = time.process_time()
    gevent.sleep(seconds)
    cpu = time.process_time() - cpu
    counts = running.take()
    tell(done=counts.tallies[SUBJECT].requests, cpu=cpu, failed=counts.causes.total())


def idle(url: str, ca_file: str, count: int) -> None:
    """Measure the memory of a process that holds connections, all that it has imported included."""
    import gevent
    import locust  # noqa: F401 - what every process of a load test has imported

    from fixtures.http1.target import Target
    from loadtests.sockets.idle import Idle

    before = memory()
    held = Idle(Target.of(url, Path(ca_file)), "/", count=count, rate=IDLE_RATE)
    cpu, began = time.process_time(), time.perf_counter()
    held.start()
    while held.held.open + held.held.failed < count and time.perf_counter() - began < _OPENING:
        gevent.sleep(0.1)
        held.take()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    gevent.sleep(1.0)
    after = memory()
    tell(
        done=held.held.open,
        failed=count - held.held.open,
        cpu=cpu,
        wall=wall,
        rss=after["Rss"],
        uss=after["Private_Clean"] + after["Private_Dirty"],
        each=(after["Private_Dirty"] - before["Private_Dirty"]) / count,
    )


def memory() -> dict[str, int]:
    """Return what the kernel says of this process's memory, in bytes (Linux only)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name: 1024 * int(kib) for name, kib, _ in (line.replace(":", "").split() for line in lines)}


def tell(**figures: float) -> None:
    """Print what was measured and end, whatever still runs."""
    print(json.dumps(figures), flush=True)
    os._exit(0)


def main() -> None:
    """Be the side that is named."""
    name, *rest = sys.argv[1:]
    if name == "echo":
        echo(*rest)
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    url, ca_file, seconds = rest
    if name.startswith("idle"):
        idle(url, ca_file, IDLE_TLS if name == "idle-tls" else IDLE)
    if name == "engine":
        engine(url, ca_file, float(seconds))
    import locust  # noqa: F401 - replaces the standard library's sockets, so it comes first

    talks = {
        "greenlet": greenlet,
        "reference": websocket_client(counted=True),
        "bare": websocket_client(counted=False),
    }
    users(talks[name], url, ca_file, float(seconds))


if __name__ == "__main__":
    main()
