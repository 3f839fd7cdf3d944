"""Whether an environment can be used from here: quickly, completely, and with what to do."""

import socket
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import Cause, Environment, EnvironmentInvalid, SecretRef, require_usable, usable
from fixtures.environments.addresses import host_and_port
from fixtures.environments.kubeconfig import contexts_in, read_kubeconfig

HERE = Environment(
    name="here",
    slot="live",
    source="here.toml",
    api="https://127.0.0.1:1",
    live_api="https://127.0.0.1:1",
    issuer="https://127.0.0.1:1",
    reported_environment="production",
)
KUBECONFIG = "contexts:\n- {name: production-clustr, context: {cluster: a, user: b}}\n- {name: other}\n"


def test_a_usable_environment_has_no_problem() -> None:
    """An environment whose names resolve has no problems."""
    assert usable(HERE) == []
    require_usable(HERE)


def test_where_to_connect_is_taken_from_the_address() -> None:
    """Names and addresses of version 6 are read as hosts, and without a port it is that of https."""
    assert host_and_port("https://api.example.test") == ("api.example.test", 443)
    assert host_and_port("https://[::1]:8443") == ("::1", 8443)


def test_names_that_do_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve is one problem, with all keys that use it."""

    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    there = replace(HERE, cdn="https://127.0.0.1:2/cdn", slots={"blue": "https://127.0.0.1:3"})
    (problem,) = usable(there)
    assert "127.0.0.1 does not resolve: Name or service not known" in problem.what
    assert problem.where == "here.toml: api, live_api, cdn, slots.blue"


def test_a_look_that_hangs_is_a_problem_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that never answers is reported long before it answers."""
    released = threading.Event()

    def hangs(*_: object, **__: object) -> None:
        released.wait(20)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr("fixtures.environments.usability.DEADLINE_SECONDS", 0.2)
    began = time.monotonic()
    (problem,) = usable(HERE)
    released.set()
    assert time.monotonic() - began < 10
    assert "no answer" in problem.what


def test_all_looks_have_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many that are slow one after the other do not make the whole as slow."""
    looks = [(f"look {number}", partial(time.sleep, number / 10)) for number in range(1, 41)]
    monkeypatch.setattr("fixtures.environments.usability._looks", lambda _: looks)
    monkeypatch.setattr("fixtures.environments.usability.DEADLINE_SECONDS", 0.25)
    late = [problem.what for problem in usable(HERE)]
    assert late[-1] == "look 40 got no answer within 0.25 s"


def test_what_no_resolver_takes_is_no_host_name() -> None:
    """A name that cannot even be asked for is told as such."""
    (problem,) = usable(replace(HERE, cdn=f"https://{'a' * 64}.test"))
    assert "does not resolve: not a host name" in problem.what


def test_each_part_is_looked_at_by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A context that is missing hides no CA file that is."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    there = replace(HERE, capabilities=frozenset({"kubernetes"}), kube_context="x", ca_file=tmp_path / "none.pem")
    assert [problem.where for problem in usable(there)] == ["here.toml: kube_context", "here.toml: ca_file"]


def test_a_look_that_breaks_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen error of a look is a problem and not a pass."""

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(socket, "getaddrinfo", breaks)
    (problem,) = usable(HERE)
    assert "RuntimeError" in problem.what


@pytest.mark.parametrize("wanted", ["production-cluster", "PRODUCTION-CLUSTER"])
def test_a_context_that_kubectl_does_not_know(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: str) -> None:
    """A missing context is answered with the known ones and the nearest, whatever its case."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIG, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{file}")
    there = replace(HERE, capabilities=frozenset({"kubernetes"}), kube_context=wanted)
    (problem,) = usable(there)
    assert "did you mean production-clustr?" in problem.how
    assert usable(replace(there, kube_context="other")) == []
    assert usable(replace(there, capabilities=frozenset())) == []


def test_broken_kubeconfigs_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kubeconfig that cannot be read is named as the likely reason."""
    file = tmp_path / "config"
    file.write_text("a: [", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", f"{file}:{tmp_path}")
    found = read_kubeconfig()
    assert found.contexts == frozenset()
    assert len(found.broken) == 2


def test_the_usual_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without KUBECONFIG the file in the home folder is read."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_kubeconfig().files == (tmp_path / ".kube/config",)


@given(
    st.one_of(
        st.text(max_size=60), st.sampled_from(["", "contexts:", "contexts: 1", "[1]", "contexts: [1, {name: 2}]"])
    )
)
def test_a_kubeconfig_is_read_or_refused(text: str) -> None:
    """Any text gives names, or a ValueError that does not repeat it."""
    refusal = ""
    names: frozenset[str] = frozenset()
    try:
        names = contexts_in(text)
    except ValueError as error:
        refusal = str(error)
    assert refusal in {"", "is not YAML", "has no list of contexts"}
    assert all(isinstance(name, str) for name in names)


def test_a_missing_secret_is_the_cause() -> None:
    """An environment that only lacks a secret is invalid because of the secret, and names it."""
    there = replace(HERE, secrets={"synthetic_key": SecretRef.parse("env:VERIFY_TEST_NOWHERE")})
    with pytest.raises(EnvironmentInvalid, match="VERIFY_TEST_NOWHERE") as caught:
        require_usable(there)
    assert caught.value.cause is Cause.SECRET


def test_several_causes_are_unusable(tmp_path: Path) -> None:
    """With several kinds of problems the environment as a whole is unusable."""
    there = replace(HERE, secrets={"k": SecretRef.parse("env:VERIFY_TEST_NOWHERE")}, ca_file=tmp_path / "none.pem")
    with pytest.raises(EnvironmentInvalid) as caught:
        require_usable(there)
    assert caught.value.cause is Cause.UNUSABLE
    assert len(caught.value.problems) == 2


def test_a_ca_file_without_a_certificate(tmp_path: Path) -> None:
    """A CA file that has no certificate is a problem."""
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing", encoding="utf-8")
    (problem,) = usable(replace(HERE, ca_file=empty))
    assert "PEM" in problem.what
