"""Hypothesis strategies for instances of the JSON Schemas that the documents use, and ways to spoil an instance.

Covers the keywords of the documents and refuses any other, so that no keyword is passed over in silence.
"""

import contextlib
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

Path = tuple[str | int, ...]
Json = Any
"""A value of JSON, or a schema, which is one too."""

ANNOTATIONS: Final = {"description", "default", "examples", "discriminator", "writeOnly", "format"}
TIME: Final = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda time: f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
)
WORD: Final = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
FORMATS: Final[dict[str, st.SearchStrategy[str]]] = {
    "date-time": TIME,
    "uuid": st.uuids().map(str),
    "email": st.integers(0).map(lambda number: f"p{number}@synthetic.example"),
    "uri": st.integers(0).map(lambda number: f"https://cdn.example/{number}"),
}
LONG: Final = 4
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def instances(schema: Json) -> st.SearchStrategy[Any]:
    """Values that `schema` allows."""
    if "oneOf" in schema:
        _only(schema, {"oneOf"})
        return st.one_of([instances(option) for option in schema["oneOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def _of_kind(kind: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Json]:
    if kind not in _KINDS:
        raise NotImplementedError(f"schemas of type {kind}")
    return _KINDS[kind](schema)


def _integers(schema: Mapping[str, Any]) -> st.SearchStrategy[int]:
    _only(schema, {"type", "minimum", "maximum"})
    return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31))


def _numbers(schema: Mapping[str, Any]) -> st.SearchStrategy[float]:
    _only(schema, {"type", "minimum", "exclusiveMinimum", "maximum"})
    floor = schema.get("exclusiveMinimum", schema.get("minimum", 0))
    return st.floats(floor, schema.get("maximum", 1e6), allow_nan=False, exclude_min="exclusiveMinimum" in schema)


def _arrays(schema: Mapping[str, Any]) -> st.SearchStrategy[list[Json]]:
    _only(schema, {"type", "items", "minItems", "maxItems", "uniqueItems"})
    low, high = schema.get("minItems", 0), min(schema.get("maxItems", LONG), LONG)
    return st.lists(instances(schema["items"]), min_size=low, max_size=high, unique=schema.get("uniqueItems", False))


def _strings(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    _only(schema, {"type", "pattern", "minLength", "maxLength"})
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].removesuffix("$") + r"\Z")
    low, high = schema.get("minLength", 0), schema.get("maxLength", 64)
    return WORD.map(lambda word: (word + "x" * low)[: max(low, high)])


def _objects(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    _only(schema, {"type", "required", "properties", "additionalProperties", "minProperties"})
    properties = {name: part for name, part in schema.get("properties", {}).items() if part is not False}
    required = {name: instances(part) for name, part in properties.items() if name in schema.get("required", ())}
    optional = {name: instances(part) for name, part in properties.items() if name not in required}
    known = st.fixed_dictionaries(required, optional=optional)
    if "additionalProperties" in schema:
        return st.dictionaries(WORD, instances(schema["additionalProperties"]), max_size=LONG)
    least = schema.get("minProperties", 0)
    return known.filter(lambda value: len(value) >= least)


_KINDS: Final[dict[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Json]]]] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": _integers,
    "number": _numbers,
    "string": _strings,
    "array": _arrays,
    "object": _objects,
}


def _only(schema: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(schema) - known - ANNOTATIONS
    if unknown:
        raise NotImplementedError(f"keywords {sorted(unknown)}")


def fields(schema: Json, value: Json, path: Path = ()) -> Iterator[tuple[Path, Any, bool]]:
    """Every documented field of the instance `value`: its path, its schema, and whether it is required."""
    for option in schema.get("oneOf", ()):
        if _matches(option, value):
            yield from fields(option, value, path)
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                yield (*path, name), part, name in schema.get("required", ())
                yield from fields(part, value[name], (*path, name))
        if "additionalProperties" in schema:
            for name, item in value.items():
                yield from fields(schema["additionalProperties"], item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from fields(schema["items"], item, (*path, index))


def _matches(option: Mapping[str, Any], value: Json) -> bool:
    """Whether `value` is of this option of a tagged union: all its constants are there."""
    constants = {name: part["const"] for name, part in option["properties"].items() if "const" in part}
    return all(value.get(name) == constant for name, constant in constants.items())


def described(schema: Json, path: Path) -> str:
    """`path` as errors name it: `items[0].user_id`, and `[...]` for the keys of a mapping."""
    return "".join(_steps(schema, path)).removeprefix(".")


def _steps(schema: Json, path: Path) -> list[str]:
    if not path:
        return []
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [f"[{step}]", *_steps(schema["items"], rest)]
    if "additionalProperties" in schema:
        return ["[...]", *_steps(schema["additionalProperties"], rest)]
    for option in schema.get("oneOf", [schema]):
        # The path is one of an instance, so some option has all of it; which one makes no difference to the text.
        with contextlib.suppress(KeyError):
            return [f".{step}", *_steps(option["properties"][step], rest)]
    raise KeyError(step)


def without(value: Json, path: Path) -> Json:
    """A copy of `value` that lacks the field at `path`."""
    spoiled = copy.deepcopy(value)
    del _parent(spoiled, path)[path[-1]]
    return spoiled


def mistyped(value: Json, path: Path, schema: Json) -> Json:
    """A copy of `value` whose field at `path` has a type that `schema` does not allow."""
    spoiled = copy.deepcopy(value)
    _parent(spoiled, path)[path[-1]] = "wrong" if schema.get("type") == "array" else ["wrong"]
    return spoiled


def with_unknown_fields(schema: Json, value: Json) -> Json:
    """A copy of `value` with a field in every object that its schema does not know."""
    if isinstance(value, list):
        return [with_unknown_fields(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    if "additionalProperties" in schema:
        return {name: with_unknown_fields(schema["additionalProperties"], item) for name, item in value.items()}
    option = next((option for option in schema.get("oneOf", ()) if _matches(option, value)), schema)
    known = {name: with_unknown_fields(option["properties"].get(name, {}), item) for name, item in value.items()}
    return {**known, "x_unknown": {"of": ["a", "later", "version"]}}


def _parent(value: Json, path: Path) -> Json:
    for step in path[:-1]:
        value = value[step]
    return value


def normal(value: Json) -> Json:
    """`value` with its times as times and without fields of null, so that two ways to write it compare equal."""
    if isinstance(value, dict):
        return {name: normal(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
