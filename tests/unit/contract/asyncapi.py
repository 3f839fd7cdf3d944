"""The structure of AsyncAPI 3.0 as far as the contract's documents use it, as a JSON Schema.

No validator of AsyncAPI 3 is light enough to depend on. This one is stricter than the specification: a field that it
does not know is an error, so a slip of the pen is found; extensions (`x-…`) pass.
"""

from typing import Any, Final

import jsonschema

from tests.unit.contract.instances import Json

_REF: Final = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}, "maxProperties": 1}
_TEXT: Final = {"type": "string", "minLength": 1}
_KAFKA: Final = {
    "type": "object",
    "required": ["bindingVersion"],
    "properties": {"topic": _TEXT, "groupId": {"type": "object"}, "key": {"type": "object"}, "bindingVersion": _TEXT},
    "additionalProperties": False,
}
_WS: Final = {
    "type": "object",
    "required": ["bindingVersion"],
    "properties": {"method": {"enum": ["GET", "POST"]}, "headers": {"type": "object"}, "bindingVersion": _TEXT},
    "additionalProperties": False,
}
_BINDINGS: Final = {"type": "object", "properties": {"kafka": _KAFKA, "ws": _WS}, "additionalProperties": False}


def _object(required: list[str], **properties: Json) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }


def _map(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "additionalProperties": value}


_MESSAGE: Final = _object(
    ["name", "summary", "payload"],
    name=_TEXT,
    summary=_TEXT,
    payload={"type": "object"},
    bindings=_BINDINGS,
    examples={"type": "array", "items": _object(["payload"], payload={})},
)
STRUCTURE: Final = _object(
    ["asyncapi", "info", "servers", "channels", "operations", "components"],
    asyncapi={"const": "3.0.0"},
    defaultContentType={"const": "application/json"},
    info=_object(
        ["title", "version"], title=_TEXT, version=_TEXT, description=_TEXT, license=_object(["name"], name=_TEXT)
    ),
    servers=_map(_object(["host", "protocol"], host=_TEXT, protocol=_TEXT, pathname=_TEXT, description=_TEXT)),
    channels=_map(
        _object(["address", "messages"], address=_TEXT, description=_TEXT, bindings=_BINDINGS, messages=_map(_REF))
    ),
    operations=_map(
        _object(
            ["action", "channel", "messages"],
            action={"enum": ["send", "receive"]},
            summary=_TEXT,
            channel=_REF,
            messages={"type": "array", "minItems": 1, "items": _REF},
            bindings=_BINDINGS,
        )
    ),
    components=_object(["messages"], messages=_map(_MESSAGE), schemas=_map({"type": "object"})),
)


def structure_errors(raw: dict[str, Any], resolved: dict[str, Any]) -> list[str]:
    """All in which a document, as written and with its references resolved, is not AsyncAPI 3.0."""
    found = [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(STRUCTURE).iter_errors(raw)]
    if found:
        return found
    for name, operation in raw["operations"].items():
        # AsyncAPI 3.0, Operation Object: messages refer to those of the operation's own channel, not to components.
        prefix = operation["channel"]["$ref"] + "/messages/"
        found += [f"{name}: {ref['$ref']}" for ref in operation["messages"] if not ref["$ref"].startswith(prefix)]
    for name, message in resolved["components"]["messages"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(message["payload"])
        except jsonschema.SchemaError as error:
            found.append(f"{name}: {error.message}")
    return found
