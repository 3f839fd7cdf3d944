"""Values that the tests of clients need."""

import json
import uuid
from base64 import urlsafe_b64encode

from fixtures.clients.devices import Line
from fixtures.clients.exchanges import Exchange, Exchanges
from fixtures.clients.identity import identify
from fixtures.clients.person import Person
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.contract.auth import Tokens
from fixtures.environments import Environment

AN_ID = str(uuid.uuid4())
SYNTHETIC = frozenset({"read", "synthetic"})


def speaks_for(user_id: str) -> str:
    """An access token as services read it; nobody here looks at its signature."""
    return f"head.{urlsafe_b64encode(json.dumps({'sub': user_id}).encode()).decode().rstrip('=')}.signature"


def environment(api: str, *, effects: frozenset[str] = SYNTHETIC, time_scale: float = 1.0) -> Environment:
    return Environment(
        name="test",
        slot="live",
        source="test",
        api=api,
        live_api=api,
        issuer=f"{api}/issuer",
        reported_environment="production",
        effects=effects,
        time_scale=time_scale,
    )


def transport(api: str, *, effects: frozenset[str] = SYNTHETIC, time_scale: float = 1.0) -> Transport:
    return Transport(
        environment(api, effects=effects, time_scale=time_scale),
        run_id="run",
        witness=Witness(),
        exchanges=Exchanges(),
    )


def exchange(number: int) -> Exchange:
    return Exchange(float(number), 0.01, "chat", f"operation{number}", "200", "t" * 32, f"curl {number}")


def person(base: str, noun: str = "alice") -> Person:
    """Somebody who has registered and logged in, though nobody was asked."""
    way = transport(base)
    made = Person(identify("run", "test_it", noun), way, lambda: "key", Line(way))
    made.becomes(AN_ID)
    made.holds(Tokens("a1", "Bearer", 900, "r1", 900, AN_ID, AN_ID))
    return made
