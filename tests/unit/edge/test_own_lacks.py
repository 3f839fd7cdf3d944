"""What this machine cannot do is laid to no server."""

import re
import ssl
from collections.abc import Callable

import pytest

from fixtures.edge import control
from fixtures.edge import handshake as handshakes
from fixtures.edge.control import control_server, require_offerable
from fixtures.edge.handshake import certificate, handshake
from fixtures.edge.plain import ask_plainly
from fixtures.environments import EnvironmentInvalid
from fixtures.runs.attribution import invalidity
from fixtures.runs.verdict import Invalid
from suites.edge_promises import refuses_former_version
from tests.unit.descriptors import none_left

OLD = ssl.TLSVersion.TLSv1_1
NOBODY = "https://127.0.0.1:1"
CONTEXT = ssl.create_default_context()


def forbidden(_version: ssl.TLSVersion, **_: object) -> ssl.SSLContext:
    raise ValueError("Unsupported protocol version 0x302")


@pytest.mark.parametrize(
    ("module", "name", "value", "why"),
    [
        (handshakes, "_OFFERABLE", "DEFAULT:@SECLEVEL=2", "ALERT_INTERNAL_ERROR|NO_PROTOCOLS_AVAILABLE"),
        (handshakes, "_OFFERABLE", "DEFAULT:-SHA1:@SECLEVEL=0", "NO_CIPHERS_AVAILABLE"),
        (handshakes, "_OFFERABLE", "NONE", "No cipher can be selected"),
        (control, "offering", forbidden, "ValueError: Unsupported protocol version"),
    ],
    ids=["security level", "ciphers forbidden", "no cipher", "built without"],
)
def test_a_version_that_cannot_be_offered_from_here_is_invalid(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: object, why: str
) -> None:
    """Whose OpenSSL may not speak an old version is told that, and nothing of the address that was to refuse it."""
    monkeypatch.setattr(module, name, value)
    with pytest.raises(EnvironmentInvalid) as invalid:
        refuses_former_version(NOBODY, OLD)
    (problem,) = invalidity(invalid.value)
    assert problem.cause is Invalid.ENVIRONMENT_UNUSABLE
    assert "TLSv1_1 cannot be offered from here" in problem.text
    # What OpenSSL says of it; 3.6 has another word than 3.0.
    assert re.search(why, problem.text)


def test_a_version_that_can_be_offered_is_no_trouble() -> None:
    """Where the control accepts there is nothing to tell."""
    require_offerable(OLD)


@pytest.mark.parametrize(
    "looks",
    [
        lambda: handshake(NOBODY, OLD),
        lambda: certificate(NOBODY, CONTEXT),
        lambda: ask_plainly("http://127.0.0.1:1", within=1.0),
        lambda: require_offerable(OLD),
    ],
    ids=["handshake", "certificate", "plain", "control"],
)
def test_no_reading_is_made_of_what_is_lacking_here(looks: Callable[[], object]) -> None:
    """Who has no file descriptor left has looked at nothing."""
    with control_server(OLD) as address:  # whatever a first handshake loads is there
        handshake(address, OLD)
    with none_left(), pytest.raises(OSError, match="Too many open files"):
        looks()
