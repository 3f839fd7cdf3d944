"""One sandbox with stand-ins for services, shared by the tests that leave it as they found it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from fixtures.sandbox import Options, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDIN = "tests.sandbox.standin"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start(Options(services=STANDIN)) as sandbox:
        yield sandbox


@pytest.fixture
def live_again(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose live slot is what it was when the test ends."""
    before = sandbox.live_slot
    yield sandbox
    sandbox.switch(before)


@pytest.fixture
def tls(sandbox: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem"))


@pytest.fixture
def web(tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(verify=tls, trust_env=False, timeout=20) as client:
        yield client
