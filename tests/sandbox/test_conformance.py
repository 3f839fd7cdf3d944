"""The sandbox's services answer as the contract's documents say, in everything that the smoke suite asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from fixtures.clients.exchanges import Exchanges
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.clients.world import World
from fixtures.contract import documents, friend_request, shared, video_call_signaling
from fixtures.environments import load_environment
from fixtures.runs.ledger import Ledger
from fixtures.runs.run_id import new_run_id
from fixtures.sandbox import Sandbox
from tests.sandbox.judging import FOLDER, note

if TYPE_CHECKING:
    from fixtures.clients.person import Person
    from fixtures.contract.chat import Conversation
    from fixtures.contract.operation import Operation
    from fixtures.environments import Environment

REPOSITORY = Path(__file__).resolve().parents[2]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the smoke suite, and every answer to it and to what the test asked besides."""

    done: subprocess.CompletedProcess[str]
    answers: list[dict[str, str]]
    made: list[Conversation]
    """Conversations of one person, in the order of time."""
    listed: list[Conversation]
    """The same, as they are listed."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("conformance")
    with Sandbox.start() as sandbox:
        command = [sys.executable, "-m", "pytest", "-m", "smoke", "-p", "tests.sandbox.judging"]
        command += [f"--env={sandbox.environment_file}", f"--run-folder={folder / 'run'}"]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**os.environ, FOLDER: str(folder), "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        made, listed = _asks_for_the_rest(load_environment(str(sandbox.environment_file)), folder)
    answers = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    return Run(done, answers, made, listed)


def _asks_for_the_rest(environment: Environment, folder: Path) -> tuple[list[Conversation], list[Conversation]]:
    """Ask what no check of smoke needs; returns somebody's conversations as they were made, and as they are listed."""
    transport = Transport(environment, run_id=new_run_id(), witness=Witness(), exchanges=Exchanges())
    key = environment.secrets["synthetic_key"].resolve().reveal
    ledger = Ledger(folder / "ledger")
    world = World(check="conformance", transport=transport, book=ledger, synthetic_key=key)
    file = folder / "rest.jsonl"

    def asks(person: Person, operation: Operation[T]) -> T:
        answer = person.gets(operation)
        note(file, operation, answer)
        return operation.read(answer)

    try:
        alice, bob, carol = world.people("alice", "bob", "carol")
        alice.befriends(bob)
        alice.befriends(carol)
        made = [alice.opens_conversation_with(friend) for friend in (bob, carol)]
        listed = list(alice.chat.conversations())
        call = alice.calls.rings(bob)
        begun = asks(alice, video_call_signaling.start_recording(call.call_id, content_length=1, idempotency_key="a"))
        asks(bob, video_call_signaling.recording(call.call_id, begun.recording_id))
        asks(alice, friend_request.unblock(bob.user_id))
        slot = transport.towards(environment.slots["green"])
        for service in documents.services():
            operation = shared.metrics(service)
            note(file, operation, slot.answer(operation))
        return made, listed
    finally:
        world.ends()
        ledger.close()


def test_smoke_is_go_on_the_sandbox(run: Run) -> None:
    """The smoke suite on a healthy sandbox ends with GO and exit code 0."""
    assert "VERDICT  GO" in run.done.stdout, run.done.stdout[-4000:] + run.done.stderr[-2000:]
    assert run.done.returncode == 0


def test_every_answer_is_as_documented(run: Run) -> None:
    """No answer of a service, good or refusing, differs from its document in status, headers, type or body."""
    assert len(run.answers) > 1000
    assert sorted({answer["wrong"] for answer in run.answers if answer["wrong"]}) == []


def test_every_documented_operation_was_asked(run: Run) -> None:
    """The comparison leaves no operation of the documents out."""
    asked = {answer["operation"] for answer in run.answers}
    every = {f"{service} {name}" for service in documents.services() for name in documents.operations(service)}
    assert sorted(every - asked) == []


def test_conversations_are_listed_as_documented(run: Run) -> None:
    """The newest comes first, also from one page to the next."""
    assert run.listed == run.made[::-1]
