"""The operations in code ask what the documents describe, and all of it."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract import documents
from fixtures.contract.operation import Operation
from tests.conformance import errors
from tests.unit.contract.calls import MODULES, functions, operations

few = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
EVERY = [pytest.param(function, id=name) for name, function in functions()]


@pytest.mark.parametrize("function", EVERY)
@few
@given(data=st.data())
def test_request_is_as_documented(function: Callable[..., Operation[Any]], data: st.DataObject) -> None:
    """Whatever a function is called with, its request has the method, path, parameters and body of its document."""
    operation = data.draw(operations(function))
    documented = documents.operations(operation.service)[operation.operation_id]
    assert (operation.method, operation.endpoint.route) == (documented.method, documented.route)
    assert operation.auth in documented.security
    given_parameters = {
        "path": _path_values(operation, documented.route),
        "query": dict(operation.query),
        "header": {name: value for name, value in operation.headers.items() if name not in {"Accept", "Content-Type"}},
    }
    for parameter in documented.parameters:
        value = given_parameters[parameter.place].pop(parameter.name, None)
        if value is None:
            assert not parameter.required, parameter.name
        else:
            assert errors(parameter.schema, _typed(parameter.schema, value)) == []
    assert given_parameters == {"path": {}, "query": {}, "header": {}}
    if documented.request is None:
        assert operation.content is None
    else:
        assert operation.headers["Content-Type"] == "application/json"
        body = msgspec.json.decode(operation.content or b"")
        assert errors(documented.request, body) == [] or body == {}
        assert set(body) <= _properties(documented.request)


@pytest.mark.parametrize("function", EVERY)
@few
@given(data=st.data())
def test_good_answers_are_as_documented(function: Callable[..., Operation[Any]], data: st.DataObject) -> None:
    """An operation expects the good answers of its document, no more and no fewer."""
    operation = data.draw(operations(function))
    documented = documents.operations(operation.service)[operation.operation_id]
    assert set(operation.expects) == {status for status in documented.answers if status < 400}
    for status, kind in operation.expects.items():
        assert (kind is None) == (documented.answers[status].content == {})


@settings(max_examples=1, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_documented_operation_has_code(data: st.DataObject) -> None:
    """Each operation of the documents can be asked by some function."""
    asked = {
        (operation.service, operation.operation_id)
        for operation in (data.draw(operations(function)) for _, function in functions())
    }
    documented = {(service, name) for service in documents.services() for name in documents.operations(service)}
    assert asked == documented


def test_every_service_has_a_module() -> None:
    """Each documented service has a module of its own, named after it."""
    assert {module.SERVICE for module in MODULES} == set(documents.services())
    for module in MODULES:
        assert module.__name__.rpartition(".")[2] == module.SERVICE.replace("-", "_")


def _path_values(operation: Operation[Any], route: str) -> dict[str, str]:
    template = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(f"/api/{operation.service}-service{route}"))
    match = re.fullmatch(template, operation.path)
    assert match is not None, operation.path
    return match.groupdict()


def _typed(schema: documents.Schema, value: str) -> object:
    return msgspec.json.decode(value) if schema.get("type") in {"integer", "boolean"} else value


def _properties(schema: documents.Schema) -> set[str]:
    return {name for option in (schema, *schema.get("oneOf", ())) for name in option.get("properties", {})}
