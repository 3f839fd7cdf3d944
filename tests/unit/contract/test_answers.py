"""The answer types in code say what the documents say: whole, tolerant of what is new, strict on what is known."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract import documents, shared
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Endpoint, Operation
from fixtures.contract.problem import Problem, slug_of
from tests.unit.contract.calls import MODULES
from tests.unit.contract.instances import (
    Json,
    described,
    fields,
    instances,
    mistyped,
    normal,
    with_unknown_fields,
    without,
)

JSON = "application/json"
few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def _endpoints() -> list[Endpoint[Any]]:
    found = [value for module in MODULES for value in vars(module).values() if isinstance(value, Endpoint)]
    return [*found, *(shared.health(service).endpoint for service in documents.services())]


def operation_and_schema(endpoint: Endpoint[Any], status: int) -> tuple[Operation[Any], Json]:
    documented = documents.operations(endpoint.service)[endpoint.operation_id]
    return Operation(endpoint, "/path"), documented.answers[status].content[JSON]


def _answers() -> Iterator[Any]:
    """Each pair of an answer type and a schema once: many operations share theirs."""
    seen = set()
    for endpoint in _endpoints():
        for status, kind in endpoint.expects.items():
            if kind is None:
                continue
            pair = (repr(kind), repr(operation_and_schema(endpoint, status)[1]))
            if pair not in seen:
                seen.add(pair)
                yield pytest.param(endpoint, status, id=f"{endpoint.service}-{endpoint.operation_id}-{status}")


ANSWERS = list(_answers())


def answer(status: int, value: Json, media_type: str = JSON) -> Answer:
    return Answer(status, Headers({"Content-Type": media_type}), msgspec.json.encode(value), 0.1)


@pytest.mark.parametrize(("endpoint", "status"), ANSWERS)
@few
@given(data=st.data())
def test_documented_answers_are_read_whole(endpoint: Endpoint[Any], status: int, data: st.DataObject) -> None:
    """Every answer that the document allows can be read, and no documented field of it is lost."""
    operation, schema = operation_and_schema(endpoint, status)
    value = data.draw(instances(schema))
    read = operation.read(answer(status, value))
    assert normal(msgspec.json.decode(msgspec.json.encode(read))) == normal(value)


@pytest.mark.parametrize(("endpoint", "status"), ANSWERS)
@few
@given(data=st.data())
def test_unknown_fields_are_tolerated(endpoint: Endpoint[Any], status: int, data: st.DataObject) -> None:
    """Fields of a later version, in any object of an answer, change nothing of what is read."""
    operation, schema = operation_and_schema(endpoint, status)
    value = data.draw(instances(schema))
    richer = with_unknown_fields(schema, value)
    assert operation.read(answer(status, richer)) == operation.read(answer(status, value))


@pytest.mark.parametrize(("endpoint", "status"), ANSWERS)
@few
@given(data=st.data())
def test_a_missing_field_is_named(endpoint: Endpoint[Any], status: int, data: st.DataObject) -> None:
    """An answer without a required field is unexpected, and the error names the field with its path."""
    operation, schema = operation_and_schema(endpoint, status)
    value = data.draw(instances(schema))
    required = [path for path, _, needed in fields(schema, value) if needed]
    path = data.draw(st.sampled_from(required))
    with pytest.raises(UnexpectedAnswer) as caught:
        operation.read(answer(status, without(value, path)))
    assert caught.value.field == described(schema, path)
    assert (caught.value.service, caught.value.status) == (endpoint.service, status)


@pytest.mark.parametrize(("endpoint", "status"), ANSWERS)
@few
@given(data=st.data())
def test_a_mistyped_field_is_named(endpoint: Endpoint[Any], status: int, data: st.DataObject) -> None:
    """An answer with a field of a wrong type is unexpected, and the error names the field with its path."""
    operation, schema = operation_and_schema(endpoint, status)
    value = data.draw(instances(schema))
    path, part, _ = data.draw(st.sampled_from(list(fields(schema, value))))
    with pytest.raises(UnexpectedAnswer) as caught:
        operation.read(answer(status, mistyped(value, path, part)))
    assert caught.value.field == described(schema, path)


@few
@given(value=instances(documents.resolved("common")["components"]["schemas"]["Problem"]))
def test_problems_are_read_whole(value: Json) -> None:
    """Every problem that the documents allow can be read."""
    read = msgspec.json.decode(msgspec.json.encode(value), type=Problem)
    assert normal(msgspec.json.decode(msgspec.json.encode(read))) == normal({"errors": [], **value})


@few
@given(value=instances(documents.resolved("common")["components"]["schemas"]["Problem"]), cut=st.integers(1, 50))
def test_the_slug_of_a_problem_is_read_and_of_nothing_else(value: Json, cut: int) -> None:
    """Whatever stands where a problem was to be names none: half of one, something else in JSON, or no text at all."""
    body = msgspec.json.encode(value)
    assert slug_of(body) == msgspec.json.decode(body, type=Problem).slug
    for other in (body[:-cut], b"[" + body + b"]", b"", b"\xff" + body, b"[" * 5000):
        assert slug_of(other) is None
