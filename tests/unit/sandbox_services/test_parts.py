"""The joints: exchanged and restored at run time, also over the control channel."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from fixtures.sandbox.services import control
from fixtures.sandbox.services.parts.base import Parts, UnknownJointError


class Rule:
    def allows(self) -> bool:
        return False


class Lax(Rule):
    def __init__(self, inner: Rule, *, answer: bool = True) -> None:
        self.inner = inner
        self.answer = answer

    def allows(self) -> bool:
        return self.answer


@dataclass
class Some(Parts):
    rule: Rule


HERE = f"{__name__}:Lax"


def test_replaced_joint_is_used_until_it_is_restored() -> None:
    """An exchanged collaborator decides from the next call on, and the original after its restoration."""
    parts = Some(Rule())
    parts.replace("rule", Lax)
    assert parts.rule.allows()
    assert parts.replaced() == ("rule",)
    assert parts.restore("rule")
    assert not parts.rule.allows()
    assert not parts.restore("rule")


def test_restoring_brings_the_original_whatever_was_stacked() -> None:
    """However often a joint was exchanged, one restoration brings the original back."""
    parts = Some(Rule())
    original = parts.rule
    parts.replace("rule", Lax)
    parts.replace("rule", Lax)
    parts.restore("rule")
    assert parts.rule is original


def test_factory_that_fails_leaves_the_joint_alone() -> None:
    """A collaborator that cannot be made exchanges nothing."""
    parts = Some(Rule())

    def broken(_current: Rule) -> Rule:
        raise ValueError("cannot be made")

    with pytest.raises(ValueError, match="cannot be made"):
        parts.replace("rule", broken)
    assert parts.replaced() == ()


def test_unknown_joint_names_those_that_exist() -> None:
    """A mistyped joint is refused with the names that exist."""
    with pytest.raises(UnknownJointError, match="rule"):
        Some(Rule()).replace("roule", Lax)


def test_control_line_installs_with_arguments() -> None:
    """One line over the control channel exchanges a joint by its import path, with arguments."""
    parts = Some(Rule())
    line = msgspec.json.encode({"install": HERE, "joint": "rule", "args": {"answer": True}})
    assert control.execute(parts, line) == {"ok": True, "joints": ["rule"], "replaced": ["rule"]}
    assert parts.rule.allows()
    assert control.execute(parts, b'{"restore": "*"}')["replaced"] == []
    assert not parts.rule.allows()


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"{}",
        b"[]",
        b'{"install": "nowhere:nothing", "joint": "rule"}',
        b'{"install": "fixtures.sandbox:nothing", "joint": "rule"}',
        b'{"install": "x:y"}',
        b'{"restore": "roule"}',
        b'{"unknown": 1}',
    ],
)
def test_controllers_mistake_is_an_answer(line: bytes) -> None:
    """Whatever a controller sends is answered, and nothing is exchanged by a mistake."""
    parts = Some(Rule())
    assert control.execute(parts, line)["ok"] is False
    assert parts.replaced() == ()


def test_control_socket_answers_line_by_line(tmp_path: Path) -> None:
    """The control channel answers every line with a line, and only its owner may use it."""

    async def talk() -> list[dict[str, object]]:
        path = tmp_path / "control.sock"
        server = await control.listen(Some(Rule()), path)
        assert path.stat().st_mode & 0o077 == 0
        reader, writer = await asyncio.open_unix_connection(path)
        answers = []
        for line in (b'{"list": true}\n', b"rubbish\n"):
            writer.write(line)
            answers.append(msgspec.json.decode(await reader.readline(), type=dict[str, object]))
        writer.close()
        await writer.wait_closed()
        server.close()
        return answers

    first, second = asyncio.run(talk())
    assert first["joints"] == ["rule"]
    assert second["ok"] is False
