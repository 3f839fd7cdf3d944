"""Whatever a profile file says: it is a profile, or all its mistakes are told; never anything else."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.environments.errors import ConfigurationErrors
from loadtests.profiles.form import TABLES, keys
from loadtests.profiles.load import load_profile

_KEYS: Final = sorted({key for table in TABLES for key in keys(table)})
_TEXTS: Final = st.sampled_from(
    [
        "20 s",
        "12 /s",
        "0 /s",
        "90 %",
        "poisson",
        "closed",
        "auth getKeySet",
        "*: errors <= guide",
        "local",
        "",
        " ",
        "x",
    ]
)
_plain = _TEXTS | st.integers(-3, 2**40) | st.floats() | st.booleans()
_mixes = st.dictionaries(st.sampled_from(["browsing", "chatting", "dancing"]), st.integers(0, 3) | _TEXTS, max_size=3)
_values = st.recursive(
    _plain | _mixes,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=8,
)


WHOLE: Final[dict[str, object]] = {
    "summary": "whole",
    "arrivals": "poisson",
    "people": 10,
    "budget": "*: errors <= guide\nbrowsing: errors <= 5 %\nchatting: errors <= 5 %",
    "mix": {"browsing": 1, "chatting": 2},
    "phases": [{"for": "20 s", "rate": "12 /s"}, {"for": "20 s", "rate": "1 /s", "peak": "12 /s", "peak_for": "2 s"}],
    "rates": [{"operation": "auth getKeySet", "phases": [{"for": "20 s", "rate": "0 /s", "to": "12 /s"}]}],
    "levels": {"false_go": 0.01},
    "soundness": {"cpu": "90 %"},
}


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def changed(value: object, draw: st.DrawFn) -> object:
    """The same with something in it that is something else."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: changed(value[key], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], changed(value[index], draw), *value[index + 1 :]]
    return draw(_values)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, object]:
    content = WHOLE
    for _ in range(draw(st.integers(0, 3))):
        key = draw(st.sampled_from(_KEYS))
        content = {**content, key: changed(content.get(key), draw)}
    return content


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(contents())
def test_any_content_is_a_profile_or_a_list_of_mistakes(content: dict[str, object]) -> None:
    """A profile with anything in place of its values is a profile that lasts, or is refused with its mistakes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "any.toml")
        file.write_text("".join(f"{key} = {toml(value)}\n" for key, value in content.items()), encoding="utf-8")
        with suppress(ConfigurationErrors):
            assert load_profile(str(file)).duration > 0
