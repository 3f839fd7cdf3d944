"""The documents are good documents: valid, complete, and of one mind with the promises."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fixtures.contract import documents
from fixtures.contract.documents import BrokenReferenceError
from fixtures.contract.problem import STATUS_OF
from fixtures.contract.promises import PROMISES
from tests.conformance import errors
from tests.unit.contract.asyncapi import structure_errors
from tests.unit.contract.instances import Json

OPENAPI = [name for name in documents.names() if "openapi" in documents.load(name)]
ASYNCAPI = [name for name in documents.names() if "asyncapi" in documents.load(name)]
OPERATIONS = [
    pytest.param(operation, id=f"{service}-{operation.operation_id}")
    for service in documents.services()
    for operation in documents.operations(service).values()
]


def schema(document: str, name: str) -> Json:
    return documents.resolved(document)["components"]["schemas"][name]


def test_eight_services_are_documented() -> None:
    """Each of the guide's eight services has a document of its own."""
    assert len(documents.services()) == 8


@pytest.mark.parametrize("name", OPENAPI)
def test_openapi_is_valid(name: str) -> None:
    """Every OpenAPI document is valid OpenAPI 3.1, references across files included."""
    uri = (documents.FOLDER / f"{name}.yaml").as_uri()
    assert list(OpenAPIV31SpecValidator(documents.load(name), base_uri=uri).iter_errors()) == []


@pytest.mark.parametrize("name", ASYNCAPI)
def test_asyncapi_is_valid(name: str) -> None:
    """Every AsyncAPI document has the structure of AsyncAPI 3.0, and its payloads are JSON Schemas."""
    assert structure_errors(documents.load(name), documents.resolved(name)) == []


@pytest.mark.parametrize("name", documents.names())
def test_references_resolve(name: str) -> None:
    """Every reference leads somewhere, and none is left after resolving."""
    assert list(documents.references(documents.resolved(name))) == []


@pytest.mark.parametrize(
    "target", ["common.yaml#/components/schemas/Nothing", "nowhere.yaml#/a", "common.yaml#/openapi/x"]
)
def test_broken_reference(target: str) -> None:
    """A reference that leads nowhere is an error that tells where it is written."""
    with pytest.raises(BrokenReferenceError, match="written: nothing at"):
        documents._resolve({"$ref": target}, "written", ())


def test_circular_reference() -> None:
    """References in a circle are an error instead of endless."""
    with pytest.raises(BrokenReferenceError, match="circle"):
        documents._resolve({"$ref": "common.yaml#/components/schemas/Id"}, "x", ("common#/components/schemas/Id",))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_are_complete(operation: documents.DocumentedOperation) -> None:
    """Every answer names its server and trace; every error lists problems that come with its status."""
    for status, answer in operation.answers.items():
        assert {"X-Served-By", "X-Trace-Id"} <= set(answer.headers)
        if status < 400 or (operation.operation_id, status) == ("getHealth", 503):
            assert answer.problems == ()
            continue
        assert set(answer.content) == {"application/problem+json"}
        assert answer.problems
        assert {STATUS_OF[slug] for slug in answer.problems} == {status}
        needed = {401: {"WWW-Authenticate"}, 429: {"Retry-After"}, 503: {"Retry-After"}}.get(status, set())
        assert needed <= set(answer.headers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_errors_that_follow(operation: documents.DocumentedOperation) -> None:
    """Who asks for a credential answers 401, who takes parameters 422 or 404, and a page can refuse its cursor."""
    places = {parameter.place for parameter in operation.parameters}
    names = {parameter.name for parameter in operation.parameters}
    if operation.security != {"none"}:
        assert 401 in operation.answers
    if "cursor" in names:
        assert {400, 422} <= set(operation.answers)
    if operation.request is not None:
        assert {415, 422} <= set(operation.answers)
    if "path" in places and "run" not in names and operation.method in {"GET", "POST"}:
        assert {403, 404} & set(operation.answers)


def test_every_problem_is_used() -> None:
    """Each slug of the closed list is the answer of some operation, and no other slug is."""
    documented = {
        slug
        for service in documents.services()
        for operation in documents.operations(service).values()
        for answer in operation.answers.values()
        for slug in answer.problems
    }
    assert documented == set(STATUS_OF)


@pytest.mark.parametrize("name", OPENAPI)
def test_examples_hold(name: str) -> None:
    """Every example is an instance of the schema it stands beside."""
    for media in _media(documents.resolved(name)):
        examples = [media["example"]] if "example" in media else []
        examples += [example["value"] for example in media.get("examples", {}).values()]
        for example in examples:
            assert errors(media["schema"], example) == []


@pytest.mark.parametrize("name", ASYNCAPI)
def test_message_examples_hold(name: str) -> None:
    """Every example of a message is an instance of its payload."""
    for message in documents.resolved(name)["components"]["messages"].values():
        for example in message.get("examples", ()):
            assert errors(message["payload"], example["payload"]) == []


def _welcome(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = documents.resolved(name)["components"]["messages"]["welcome"]["payload"]["properties"]
    return properties


def test_documents_hold_the_promised_limits() -> None:
    """A limit that a schema states is the promise's number."""
    limits, otps, logins, calls = PROMISES.limits, PROMISES.otps, PROMISES.logins, PROMISES.calls
    account = schema("auth", "NewAccount")["properties"]
    assert (account["password"]["minLength"], account["password"]["maxLength"]) == (
        limits.password_min,
        limits.password_max,
    )
    assert account["display_name"]["maxLength"] == limits.display_name_max
    assert account["email"]["maxLength"] == limits.email_max
    grant = schema("auth", "PasswordGrant")["properties"]["access_expires_in"]
    assert grant["maximum"] == schema("auth", "Tokens")["properties"]["expires_in"]["maximum"] == logins.access_lifetime
    asked = schema("otp", "NewOtp")["properties"]["expires_in"]
    assert (asked["minimum"], asked["maximum"], asked["default"]) == (otps.shortest, otps.lifetime, otps.lifetime)
    assert schema("otp", "Issued")["properties"]["attempts_allowed"]["const"] == otps.attempts
    assert schema("notification", "Mail")["properties"]["code"]["pattern"] == f"^[0-9]{{{otps.digits}}}$"
    change = schema("user-profile", "ProfileChange")["properties"]
    assert (change["bio"]["maxLength"], change["phone"]["maxLength"]) == (limits.bio_max, limits.phone_max)
    message = schema("chat", "NewMessage")["properties"]
    assert message["text"]["maxLength"] == limits.message_text
    assert message["attachment_ids"]["maxItems"] == limits.attachments_per_message
    assert schema("chat", "NewConversation")["properties"]["member_ids"]["maxItems"] == limits.group_members - 1
    attachment = schema("chat", "Attachment")["properties"]
    assert attachment["content_length"]["maximum"] == limits.attachment_bytes
    assert attachment["file_name"]["maxLength"] == limits.file_name_max
    ring = schema("video-call-signaling", "NewCall")["properties"]["ring_timeout_s"]
    assert (ring["minimum"], ring["maximum"], ring["default"]) == (
        calls.ring_timeout_min,
        calls.ring_timeout_max,
        calls.ring_timeout,
    )
    assert _welcome("websocket-signaling-socket")["heartbeat_s"]["maximum"] == PROMISES.sockets.heartbeat
    assert _welcome("video-call-signaling-socket")["vanish_grace_s"]["maximum"] == calls.vanish_grace
    parameters = documents.resolved("common")["components"]["parameters"]
    page = parameters["Limit"]["schema"]
    assert (page["maximum"], page["default"]) == (limits.page_max, limits.page_default)
    assert parameters["IdempotencyKey"]["schema"]["maxLength"] == limits.idempotency_key
    assert f"{{1,{limits.run_id_max}}}" in parameters["SyntheticRun"]["schema"]["pattern"]


@pytest.mark.parametrize("name", ["websocket-signaling-socket", "video-call-signaling-socket"])
def test_sockets_hold_the_promised_codes(name: str) -> None:
    """The close codes and reasons of both sockets are the promise's."""
    sockets = PROMISES.sockets
    codes = documents.load(name)["channels"]["socket"]["x-close-codes"]
    assert {(code["code"], code["reason"]) for code in codes} == {
        (sockets.too_big, None),
        (sockets.unauthorized, sockets.token_missing),
        (sockets.unauthorized, sockets.token_invalid),
        (sockets.unauthorized, sockets.token_expired),
        (sockets.no_subprotocol, None),
    }
    assert str(PROMISES.limits.frame_bytes) in next(code["when"] for code in codes if code["code"] == sockets.too_big)


def _media(node: Json) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [media for item in node for media in _media(item)]
    if not isinstance(node, dict):
        return []
    below = [media for item in node.values() for media in _media(item)]
    return [node, *below] if "schema" in node and ("example" in node or "examples" in node) else below
