"""Ports: outside the system's range, and never the same for two sandboxes."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox import ports
from fixtures.sandbox.errors import PartFailed, SandboxError
from fixtures.sandbox.facts import facts
from fixtures.sandbox.layout import Layout
from fixtures.sandbox.options import Options
from fixtures.sandbox.warden import Warden

if TYPE_CHECKING:
    from pathlib import Path


@given(first=st.integers(1024, 65535), length=st.integers(0, 40000), size=st.integers(1, 200))
def test_blocks_avoid_the_ephemeral_range(first: int, length: int, size: int) -> None:
    """No block touches the range that the system hands out, and no two blocks share a port."""
    last = min(65535, first + length)
    found = ports.blocks((first, last), size)
    taken = [port for start in found for port in range(start, start + size)]
    assert len(taken) == len(set(taken))
    assert not any(first <= port <= last for port in taken)


def test_ephemeral_range_is_read(tmp_path: Path) -> None:
    """The range is the system's own word, or the widest usual one where there is none."""
    source = tmp_path / "range"
    assert ports.ephemeral_range(source) == (32768, 65535)
    source.write_text("20000\t60999\n")
    assert ports.ephemeral_range(source) == (20000, 60999)
    source.write_text("rubbish")
    assert ports.ephemeral_range(source) == (32768, 65535)


def test_reserved_blocks_are_disjoint() -> None:
    """Two reservations share no port, and a released block can be had again."""
    first, second = ports.reserve(), ports.reserve()
    assert not set(first) & set(second)
    assert len(list(first)) == ports.SIZE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind((ports.LOOPBACK, first.first))
    first.release()
    second.release()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ports.LOOPBACK, first.first))


def test_no_block_left_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every block has a taken port the refusal says what was looked for and where."""
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(SandboxError, match="no 20 neighbouring free ports"):
        ports.reserve()


def test_no_block_left_is_told_to_the_starter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The warden says why there is no sandbox, in words and not by breaking."""
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    warden = Warden(Options(), facts(), 0.0, 1)
    with pytest.raises(PartFailed, match="no 20 neighbouring free ports"):
        asyncio.run(warden._start(Layout(tmp_path)))


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_impossible_port_is_refused(port: int) -> None:
    """A number that is no port is refused with the range."""
    with pytest.raises(SandboxError, match=f"{port} is not a port: choose 1 to 65535"):
        ports.demand(port)


def test_taken_port_is_refused() -> None:
    """A port on which something listens is refused, a free one is given back."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} .* is taken"):
            ports.demand(port)
    assert ports.demand(port) == port
