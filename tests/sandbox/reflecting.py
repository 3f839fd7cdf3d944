"""A pytest plugin that makes a platform which gives secrets away in its answers, and notes every secret that was used.

Loaded by `-p tests.sandbox.reflecting` into a run of the suites. In checks of some files the platform answers 500 and
repeats the request's headers, plain and encoded: the worst that can stand in the report of a failure. Each process
writes the secrets that it sent or got, one a line, into the folder that the variable names.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fixtures.clients.transport import Transport
    from fixtures.contract.answer import Answer
    from fixtures.contract.operation import Operation

FOLDER = "SECRETS_FOLDER"
_REFLECTED = {"test_otp.py": "x-synthetic-key", "test_profiles.py": "authorization"}
"""In checks of these files what is asked with a credential in this header is answered with it."""
_FIELDS = frozenset({"password", "access_token", "refresh_token", "proof"})


def _fields(content: bytes | None) -> Iterator[str]:
    try:
        value = json.loads(content or b"null")
    except ValueError:
        return
    if isinstance(value, dict):
        yield from (str(item) for name, item in value.items() if name in _FIELDS)


def _reflection(secrets: list[str]) -> bytes:
    told = [[one, base64.b64encode(one.encode()).decode(), quote(one, safe="")] for one in secrets]
    problem = {
        "type": "urn:x",
        "title": "Broken",
        "status": 500,
        "detail": json.dumps(told),
        "instance": "/",
        "told": told,
    }
    return json.dumps(problem).encode()


def pytest_configure() -> None:
    """Stand between the transport and the wire."""
    # Not before: a plugin is imported ahead of the root conftest, which has assertions below fixtures/ rewritten.
    from fixtures.clients.transport import Transport  # noqa: PLC0415

    received = Transport._receive
    notes = Path(os.environ[FOLDER]) / f"{uuid.uuid4()}.txt"

    def reflected(self: Transport, operation: Operation[Any], headers: Mapping[str, str]) -> Answer:
        answer = received(self, operation, headers)
        sent = {
            name.lower(): value.removeprefix("Bearer ")
            for name, value in operation.headers.items()
            if name.lower() in _REFLECTED.values()
        }
        with notes.open("a", encoding="utf-8") as lines:
            lines.writelines(f"{one}\n" for one in (*sent.values(), *_fields(operation.content), *_fields(answer.body)))
        check = os.environ.get("PYTEST_CURRENT_TEST", "")
        told = [sent[header] for file, header in _REFLECTED.items() if file in check and header in sent]
        return replace(answer, status=500, body=_reflection(told)) if told else answer

    Transport._receive = reflected  # type: ignore[method-assign]
