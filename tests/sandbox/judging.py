"""A pytest plugin that holds every answer a run gets to the contract's documents.

Loaded by `-p tests.sandbox.judging` into a run of the suites; each process writes what it saw, one line an answer, into
the folder that the variable names.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fixtures.clients.transport import Transport
    from fixtures.contract.answer import Answer
    from fixtures.contract.operation import Operation

FOLDER = "CONFORMANCE_FOLDER"


def note(file: Path, operation: Operation[Any], answer: Answer) -> None:
    """Write whether the answer is as documented; presigned objects and the gateway's own answers have no document."""
    if operation.absolute or "x-served-by" not in answer.headers:
        return
    from tests.conformance import validate_answer  # noqa: PLC0415 - see below

    wrong = ""
    try:
        validate_answer(operation.service, operation.operation_id, answer.status, answer.headers, answer.body)
    except AssertionError as error:
        wrong = str(error)
    seen = {"operation": f"{operation.service} {operation.operation_id}", "status": answer.status, "wrong": wrong}
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(seen) + "\n")


def pytest_configure() -> None:
    """Stand between the transport and the wire."""
    # Not before: a plugin is imported ahead of the root conftest, which has assertions below fixtures/ rewritten.
    from fixtures.clients.transport import Transport  # noqa: PLC0415

    received = Transport._receive
    file = Path(os.environ[FOLDER]) / f"{uuid.uuid4()}.jsonl"

    def judged(self: Transport, operation: Operation[Any], headers: Mapping[str, str]) -> Answer:
        answer = received(self, operation, headers)
        note(file, operation, answer)
        return answer

    Transport._receive = judged  # type: ignore[method-assign]
