"""Holds real answers to the contract's documents: what a service answered against what it promises."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import msgspec

from fixtures.contract import documents
from fixtures.contract.documents import DocumentedAnswer, Schema
from fixtures.contract.problem import PREFIX


def validate_answer(service: str, operation_id: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise `AssertionError` that lists all in which an answer differs from its document."""
    operation = documents.operations(service)[operation_id]
    answer = operation.answers.get(status)
    if answer is None:
        documented = ", ".join(str(known) for known in operation.answers)
        raise AssertionError(
            f"{service} {operation_id}: status {status} is not documented, only {documented}; {body!r}"
        )
    fields = {name.lower(): value for name, value in headers.items()}
    wrong = [*_headers(answer, fields), *_body(answer, status, fields, body)]
    if wrong:
        raise AssertionError(f"{service} {operation_id} {status}: " + "; ".join(wrong))


def errors(schema: Schema, value: object) -> list[str]:
    """Where and how `value` differs from `schema`, formats included as far as patterns say them."""
    found = jsonschema.Draft202012Validator(schema).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def _headers(answer: DocumentedAnswer, fields: Mapping[str, str]) -> Iterator[str]:
    for name, header in answer.headers.items():
        value = fields.get(name.lower())
        if value is None:
            if header.required:
                yield f"header {name} is missing"
        else:
            yield from (f"header {name} {error}" for error in errors(header.schema, value))


def _body(answer: DocumentedAnswer, status: int, fields: Mapping[str, str], body: bytes) -> Iterator[str]:
    media_type = fields.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.content:
        if body:
            yield f"a body of {len(body)} bytes where none is documented"
        return
    if media_type not in answer.content:
        yield f"content type {media_type or 'none'} is not documented, only {', '.join(answer.content)}"
        return
    if not media_type.endswith("json"):
        return
    try:
        value: Any = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        yield f"the body is not JSON: {error}"
        return
    yield from errors(answer.content[media_type], value)
    if media_type == "application/problem+json" and isinstance(value, dict):
        slug = str(value.get("type")).removeprefix(PREFIX)
        if slug not in answer.problems:
            yield f"problem {slug} is not documented for {status}, only {', '.join(answer.problems)}"
        if value.get("status") != status:
            yield f"the body says status {value.get('status')}"
