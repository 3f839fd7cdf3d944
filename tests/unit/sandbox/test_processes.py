"""Processes of the sandbox: groups end whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fixtures.sandbox.processes import Child, Children

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_dead_leader_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """A process that outlives the leader of its group, as workers outlive a killed web server, is ended."""

    async def scene() -> Child:
        children = Children(lambda _child: None)
        children.watch()
        child = children.spawn("leader", ["/bin/sh", "-c", "sleep 60 & kill -9 $$"], log=tmp_path / "leader.log")
        await asyncio.wait_for(child.ended.wait(), 10)
        for _ in range(2000):
            if not child.signal(0):
                break
            await asyncio.sleep(0.01)
        return child

    assert not asyncio.run(scene()).signal(0)
