"""The guide as data says exactly what the deployment guide says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fixtures.guide import Guide, catalogue, load_catalogue, load_guide
from fixtures.guide.model import citations
from fixtures.guide.parts import Document

GUIDE = load_guide()
FACTS = [
    # service, port, GiB, CPUs, smallest and largest number of replicas
    ("auth", 3001, 1, 1, 3, 10),
    ("user-profile", 3002, 1, 1, 3, 10),
    ("websocket-signaling", 3003, 2, 2, 5, 15),
    ("chat", 3004, 2, 2, 5, 15),
    ("friend-request", 3005, 1, 1, 2, 8),
    ("notification", 3006, 1, 1, 3, 10),
    ("video-call-signaling", 3007, 2, 2, 5, 15),
    ("otp", 3008, 1, 1, 2, 8),
]


def test_services_are_the_guides_in_its_order() -> None:
    """The eight services have the guide's ports, resources and replica bounds, in its order."""
    found = [(s.name, s.port, s.memory_gib, s.cpus, s.replicas_min, s.replicas_max) for s in GUIDE.services]
    assert found == FACTS


@pytest.mark.parametrize("service", GUIDE.services, ids=lambda service: service.name)
def test_public_health_address(service: object) -> None:
    """Every service is reached at its public health address below its own prefix."""
    name = getattr(service, "name", "")
    known = GUIDE.service(name)
    assert known.public_health_url == f"https://api.social-platform.com/api/{name}-service/health"
    assert known.public_prefix == f"/api/{name}-service"
    assert known.health_path == "/health"
    assert (known.environment, known.sla) == ("production", 0.999)


def test_deployments_are_named_by_slot() -> None:
    """A deployment has a -blue suffix in blue and none in green; the guide names no other."""
    auth = GUIDE.service("auth")
    assert (auth.deployment("blue"), auth.deployment("green")) == ("auth-service-blue", "auth-service")
    with pytest.raises(ValueError, match="canary"):
        auth.deployment("canary")


def test_images_are_tagged_with_the_revision() -> None:
    """A production image is tagged prod-<short git revision>."""
    assert GUIDE.service("otp").image("1a2b3c4") == "social-platform/otp-service:prod-1a2b3c4"


def test_where_the_workloads_run() -> None:
    """Context and namespace are the guide's."""
    assert (GUIDE.kubernetes.context, GUIDE.kubernetes.namespace) == (
        "production-cluster",
        "social-platform-production",
    )


def test_what_this_project_replaces() -> None:
    """The guide's two test commands are kept as it writes them."""
    assert GUIDE.strategies.blue_green.preflight == "npm run test:prod:preflight:blue"
    assert GUIDE.after.smoke == "npm run test:smoke:production"


def test_deadlines_and_steps() -> None:
    """The canary takes 20, 50 and 100 percent five minutes apart; rollback has 2 minutes, success 30."""
    steps = [(step.share_percent, step.monitor_seconds) for step in GUIDE.strategies.canary.steps]
    assert steps == [(20, 300), (50, 300), (100, 0)]
    assert (GUIDE.rollback.within_minutes, GUIDE.after.monitor_minutes) == (2, 30)
    assert (GUIDE.before.window.opens.hour, GUIDE.before.window.closes.hour, GUIDE.before.window.zone) == (2, 4, "EST")


def test_infrastructure_has_its_nodes() -> None:
    """Database, cache and message queue have three, six and three nodes."""
    parts = GUIDE.infrastructure
    assert [parts.database.nodes, parts.cache.nodes, parts.message_queue.nodes] == [3, 6, 3]


def test_brokers_are_written_with_blanks_and_read_without() -> None:
    """The brokers keep the guide's blank after each comma, and are read as three addresses."""
    assert GUIDE.variables.values["KAFKA_BROKERS"].count(", ") == 2
    assert [broker.port for broker in GUIDE.variables.brokers] == [9092] * 3
    assert all(broker.host == broker.host.strip() for broker in GUIDE.variables.brokers)


def test_buckets() -> None:
    """The three buckets are named as in the guide."""
    found = (GUIDE.variables.avatars_bucket, GUIDE.variables.attachments_bucket, GUIDE.variables.recordings_bucket)
    assert found == tuple(
        f"prod-social-platform-{what}" for what in ("avatars", "chat-attachments", "video-recordings")
    )
    assert GUIDE.variables.redis_url.startswith("rediss://")
    assert GUIDE.variables.database_host.endswith("rds.amazonaws.com")
    assert GUIDE.variables.environment == "production"


@pytest.mark.parametrize(
    ("name", "unit", "critical", "limit"),
    [
        ("response-time", "seconds", "above", 1),
        ("error-rate", "percent", "above", 1),
        ("connection-pool", "percent", "above", 80),
        ("cache-hit-rate", "percent", "below", 90),
        ("cpu", "percent", "above", 80),
        ("memory", "percent", "above", 85),
    ],
)
def test_thresholds(name: str, unit: str, critical: str, limit: float) -> None:
    """Each critical alert with a number has that of the guide, and the side on which it is critical."""
    alert = GUIDE.threshold(name, unit)
    assert (alert.critical, alert.limit) == (critical, limit)


def test_names_that_the_guide_does_not_have() -> None:
    """Asking for what the guide does not have is an error that lists what it has."""
    with pytest.raises(KeyError, match="friend-request"):
        GUIDE.service("friends")
    with pytest.raises(KeyError, match="cache-hit-rate in percent"):
        GUIDE.threshold("hits", "percent")
    with pytest.raises(KeyError, match="no alert error-rate in seconds"):
        GUIDE.threshold("error-rate", "seconds")


def test_every_part_cites_lines_of_its_section() -> None:
    """Every citation of the guide and of the catalogue lies in the section that it names."""
    cited = [*citations(GUIDE), *(c for line in load_catalogue().values() for c in line.cites)]
    assert len(cited) > 60
    assert [c for c in cited if not GUIDE.document.holds(c)] == []


Raw = Any
"""A guide as it is before it is read."""


def _raw() -> Raw:
    return GUIDE.model_dump(by_alias=True)


def _services(raw: Raw) -> Raw:
    return [dict(service) for service in raw["services"]]


def _set(raw: Raw, *path: str | int, to: object) -> None:
    for step in path[:-1]:
        if isinstance(raw[step], tuple):
            raw[step] = [*raw[step]]
        raw = raw[step]
    raw[path[-1]] = to


DAMAGES: dict[str, Callable[[Raw], object]] = {
    "a service is there twice": lambda raw: raw.update(services=[*_services(raw), _services(raw)[0]]),
    "two services have one port": lambda raw: _set(raw, "services", 1, "port", to=_services(raw)[0]["port"]),
    "an alert is there twice": lambda raw: raw.update(alerts=[*raw["alerts"], raw["alerts"][0]]),
    "a key is unknown": lambda raw: raw.update(surprise=1),
    "a citation is astray": lambda raw: _set(raw, "services", 0, "cites", to=("Services, line 999",)),
    "a rollback names no service": lambda raw: raw.update(services=_services(raw)[1:]),
    "the canary falls": lambda raw: _set(raw, "strategies", "canary", "steps", 0, "share_percent", to=60),
    "the canary stops on the way": lambda raw: _set(raw, "strategies", "canary", "steps", 2, "share_percent", to=99),
    "fewest replicas are more than most": lambda raw: _set(raw, "services", 0, "replicas_min", to=11),
    "more is promised than all": lambda raw: _set(raw, "services", 0, "sla_percent", to=100.1),
    "brokers have no port": lambda raw: _set(raw, "variables", "values", "KAFKA_BROKERS", to="broker"),
    "the cache has no host": lambda raw: _set(raw, "variables", "values", "REDIS_URL", to="rediss://"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_wrong_guide_is_refused(damage: str) -> None:
    """A guide that contradicts itself or has unknown keys is refused."""
    Guide.model_validate(_raw())
    raw = _raw()
    DAMAGES[damage](raw)
    with pytest.raises(ValidationError):
        Guide.model_validate(raw)


@pytest.mark.parametrize(
    ("citation", "last_line", "held"),
    [
        *(("Services, line 3", 10, True), ("Services, lines 3-8", 10, True), ("Services, line 8", 8, True)),
        *(("Services, line 2", 10, False), ("Services, lines 3-9", 10, False), ("Services, lines 9-12", 10, False)),
        *(("Services, lines 6-5", 10, False), ("Security, line 3", 10, False), ("Services, line 3", 7, False)),
    ],
)
def test_a_citation_is_held_by_its_section_alone(citation: str, last_line: int, *, held: bool) -> None:
    """From its first line to its last, and in a section that the guide is long enough for."""
    assert Document(title="t", last_line=last_line, sections={"Services": (3, 8)}).holds(citation) == held


def test_an_id_that_is_there_twice_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two lines of one ID a check could cite either."""
    file = tmp_path / "catalogue.toml"
    line = '[[lines]]\nid = "AUT-01"\nholds = "it"\ntiers = ["smoke"]\n'
    monkeypatch.setattr(catalogue, "_FILE", file)
    file.write_text(line)
    assert list(catalogue.load_catalogue.__wrapped__()) == ["AUT-01"]
    file.write_text(line * 2)
    with pytest.raises(ValueError, match=r"catalogue\.toml has an ID twice"):
        catalogue.load_catalogue.__wrapped__()


def test_catalogue_ids() -> None:
    """The catalogue has every ID once, and smoke judges those of people's journeys."""
    smoke = {line.id for line in load_catalogue().values() if "smoke" in line.tiers}
    assert {"AUT-01", "CHT-05", "VID-03", "SYN-01", "EDG-01", "SVC-05"} <= smoke
    assert "PG-01" not in smoke
