"""What one core of the sandbox serves: `python -m benchmarks.sandbox [--seconds S] [--rounds N]`.

One service process is pinned to the last core and asked over its own unix socket by a lean client on the first, with
16 connections that are never idle. Counted are requests for each second of the process's own CPU time, so that other
work on the machine distorts little. The reference is the bare web stack: the same server with an application that
answers a constant. Figures are medians of interleaved rounds; what a figure means for load tests is its inverse: the
CPU time of the platform that one request costs. Linux only (CPU times from /proc, pinning).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.targets import TARGET_CORE, cpu_seconds, pin
from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.clients.exchanges import Exchanges
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.clients.world import World
from fixtures.contract import auth, chat, shared, user_profile
from fixtures.environments import load_environment
from fixtures.runs.ledger import Ledger
from fixtures.runs.run_id import new_run_id
from fixtures.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.contract.operation import Operation

CONNECTIONS = 16
REFERENCE = "bare web stack, constant answer"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked: a name, the process that answers, its socket, and the request as it goes over the wire."""

    name: str
    pid: int
    socket: Path
    request: Callable[[int], bytes]


def bare(socket: str) -> None:
    """Serve a constant on the stack that the services use."""
    import uvicorn  # noqa: PLC0415 - in the reference's own process only
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415, TC002
    from starlette.responses import Response  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def answer(_request: Request) -> Response:
        return Response(b'{"status":"up"}', media_type="application/json")

    application = Starlette(routes=[Route("/health", answer)])
    uvicorn.run(application, uds=socket, log_level="warning", access_log=False, loop="uvloop", http="httptools")


async def ask(subject: Subject, until: float) -> int:
    """Send requests over one connection, each after the answer to the last; return how many were answered well."""
    reader, writer = await asyncio.open_unix_connection(subject.socket)
    answered = 0
    try:
        while time.monotonic() < until:
            writer.write(subject.request(answered))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 2"):
                raise SystemExit(f"{subject.name}: {head.splitlines()[0].decode()}")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            answered += 1
    finally:
        writer.close()
    return answered


def measure(subject: Subject, seconds: float) -> tuple[float, float]:
    """Return requests for each second of the process's CPU time, and for each second of the clock."""

    async def everybody() -> int:
        until = time.monotonic() + seconds
        return sum(await asyncio.gather(*(ask(subject, until) for _ in range(CONNECTIONS))))

    os.sched_setaffinity(subject.pid, {TARGET_CORE})
    used, began = cpu_seconds(subject.pid), time.monotonic()
    answered = asyncio.run(everybody())
    return answered / (cpu_seconds(subject.pid) - used), answered / (time.monotonic() - began)


def wire(operation: Operation[object], token: str | None, *, fresh_key: bool = False) -> Callable[[int], bytes]:
    """Return how the operation goes over the wire to the service itself, behind the gateway."""
    path = operation.path.removeprefix(f"/api/{operation.service}-service")
    headers = {**operation.headers, "Host": "sandbox", "Content-Length": str(len(operation.content or b""))}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    run = new_run_id()

    def request(number: int) -> bytes:
        if fresh_key:
            headers["Idempotency-Key"] = f"{run}-{id(asyncio.current_task())}-{number}"
        lines = [f"{operation.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + (operation.content or b"")

    return request


def subjects(sandbox: Sandbox, world: World) -> list[Subject]:
    """Return what is measured, with people who exist."""
    alice, bob = world.people("alice", "bob")
    alice.befriends(bob)
    conversation = alice.opens_conversation_with(bob)
    token = alice.tokens.access_token
    send = chat.send(conversation.conversation_id, "hello", idempotency_key="a fresh one for each request")
    asked: list[tuple[str, Operation[object], str | None, bool]] = [
        ("GET /health", shared.health("auth"), None, False),
        ("who am I: token, database", auth.account(), token, False),
        ("profile of a friend: token, cache", user_profile.profile(bob.user_id), token, False),
        ("send a message: token, database, Kafka", send, token, True),
    ]
    parts = sandbox.status()
    return [
        Subject(
            f"{operation.service}: {name}",
            parts[f"{sandbox.live_slot}/{operation.service}"]["pid"],
            sandbox.layout.socket(sandbox.live_slot, operation.service),
            wire(operation, bearer, fresh_key=fresh_key),
        )
        for name, operation, bearer, fresh_key in asked
    ]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="what one core of the sandbox serves")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Sandbox.start() as sandbox:
        socket = Path(folder) / "bare.sock"
        reference = get_context("spawn").Process(target=bare, args=(str(socket),), daemon=True)
        reference.start()
        eventually(socket.exists, equals(True), within=10, subject="the reference's socket is there")  # noqa: FBT003
        environment = load_environment(str(sandbox.environment_file))
        transport = Transport(environment, run_id=new_run_id(), witness=Witness(), exchanges=Exchanges())
        key = environment.secrets["synthetic_key"].resolve().reveal
        world = World(check="benchmark", transport=transport, book=Ledger(Path(folder)), synthetic_key=key)
        try:
            plain = b"GET /health HTTP/1.1\r\nHost: sandbox\r\n\r\n"
            assert reference.pid is not None  # noqa: S101 - it was started above
            everything = [Subject(REFERENCE, reference.pid, socket, lambda _: plain), *subjects(sandbox, world)]
            # Only now: what was started before would have inherited it.
            pin()
            figures: dict[str, list[tuple[float, float]]] = {subject.name: [] for subject in everything}
            for _ in range(chosen.rounds):
                for subject in everything:
                    figures[subject.name].append(measure(subject, chosen.seconds))
        finally:
            world.ends()
            reference.terminate()
            reference.join(5)
    base = statistics.median(cpu for cpu, _ in figures[REFERENCE])
    print(f"{'what':62} {'per CPU s':>10} {'per s':>8} {'of bare':>8} {'ms CPU':>7}")
    for name, rounds in figures.items():
        per_cpu, per_s = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:62} {per_cpu:10.0f} {per_s:8.0f} {per_cpu / base:8.2f} {1000 / per_cpu:7.3f}")
    print(json.dumps({"rounds": chosen.rounds, "seconds": chosen.seconds, "connections": CONNECTIONS}))


if __name__ == "__main__":
    main()
