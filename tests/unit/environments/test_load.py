"""Environment files: what they may say, and everything that is wrong with them at once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import ConfigurationErrors, known_environments, load_environment
from fixtures.environments.addresses import base_url
from fixtures.environments.load import read_form
from fixtures.environments.toml_file import digest
from fixtures.guide import load_guide

OWN = """
name = "own"
api = "https://127.0.0.1:8443/"
plain_api = "http://127.0.0.1:8080/"
ca_file = "ca.pem"
reported_environment = "production"
capabilities = ["cdn", "tls"]
cdn = "https://127.0.0.1:8444/cdn"
effects = ["read", "synthetic"]
[secrets]
synthetic_key = "file:key"
[slots]
blue = "https://127.0.0.1:8445"
"""


def _errors(name: str | Path) -> dict[str, str]:
    with pytest.raises(ConfigurationErrors) as caught:
        load_environment(str(name))
    return {error.key: str(error) for error in caught.value.errors}


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for slot in ("BLUE", "GREEN", "CANARY", "STAGING"):
        monkeypatch.setenv(f"VERIFY_{slot}_API", f"https://{slot.lower()}.test")
    for name in ("VERIFY_CDN", "VERIFY_STAGING_CDN"):
        monkeypatch.setenv(name, "https://cdn.test")
    monkeypatch.setenv("VERIFY_BUILD", "prod-1a2b3c4")


def test_the_environments_that_come_with_the_suite() -> None:
    """Six environments are known."""
    assert known_environments() == ("blue", "canary", "green", "local", "production", "staging")


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("slot", ["blue", "green", "canary"])
def test_a_slot_of_production(slot: str) -> None:
    """A slot has the pipeline's address, the guide's live address, issuer and cluster, and is strict."""
    guide = load_guide()
    found = load_environment(slot, time_scale=2)
    assert (found.name, found.slot, found.api) == (slot, slot, f"https://{slot}.test")
    assert found.slots == {slot: f"https://{slot}.test"}
    assert found.live_api == guide.addresses.base
    assert found.issuer == guide.addresses.base + "/api/auth-service"
    assert (found.kube_context, found.namespace) == (guide.kubernetes.context, guide.kubernetes.namespace)
    assert (found.reported_environment, found.build) == ("production", "prod-1a2b3c4")
    assert found.strict
    assert found.time_scale == 2
    least = {service.name: service.replicas_min for service in guide.services}
    assert found.replicas == ({} if slot == "canary" else least)


@pytest.mark.usefixtures("pipeline")
def test_production_and_staging() -> None:
    """Production is addressed as the guide says, staging as the pipeline says, and they report their own names."""
    production, staging = load_environment("production"), load_environment("staging")
    assert production.api == production.live_api == load_guide().addresses.base
    assert (staging.api, staging.reported_environment) == ("https://staging.test", "staging")
    assert "kubernetes" in production.capabilities
    assert "kubernetes" not in staging.capabilities
    assert (production.replicas["chat"], dict(staging.replicas)) == (load_guide().service("chat").replicas_min, {})
    assert production.allows("synthetic")


def test_a_slots_missing_address_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide is silent on a slot's address, so the error names the variable that gives it."""
    for name in ("VERIFY_BLUE_API", "VERIFY_CDN", "VERIFY_BUILD"):
        monkeypatch.delenv(name, raising=False)
    errors = _errors("blue")
    assert set(errors) == {"api", "cdn", "build"}
    assert "VERIFY_BLUE_API" in errors["api"]


def test_an_own_file(tmp_path: Path) -> None:
    """A path to a file of one's own works; its relative paths start at its folder."""
    found = load_environment(str(_file(tmp_path, OWN)))
    assert found.api == found.live_api == "https://127.0.0.1:8443"
    assert found.issuer == "https://127.0.0.1:8443/api/auth-service"
    assert found.plain_api == "http://127.0.0.1:8080"
    assert found.ca_file == tmp_path / "ca.pem"
    assert found.cdn == "https://127.0.0.1:8444/cdn"
    (tmp_path / "key").write_text("clear\n", encoding="utf-8")
    assert found.secrets["synthetic_key"].resolve().reveal() == "clear"
    assert "clear" not in repr(found)


def test_what_an_own_file_leaves_out(tmp_path: Path) -> None:
    """It is strict where it does not say otherwise, and has nothing of the guide's environments."""
    found = load_environment(str(_file(tmp_path, OWN)))
    assert found.strict
    assert not found.metrics
    assert (found.build, found.kube_context, found.namespace) == (None, None, None)
    assert found.slots == {"blue": "https://127.0.0.1:8445"}


def test_an_own_file_that_allows_nothing_is_only_looked_at(tmp_path: Path) -> None:
    """Nobody makes people in an environment that does not say that it may be done."""
    text = 'name = "own"\napi = "https://a.test"\nreported_environment = "x"\n'
    assert not load_environment(str(_file(tmp_path, text))).allows("synthetic")


OVER = """
name = "own"
from_guide = true
slot = "blue"
api = "https://api.test"
live_api = "https://live.test"
issuer = "https://issuer.test"
reported_environment = "rehearsal"
kube_context = "mine"
namespace = "ours"
ca_file = "~/ca.pem"
[slots]
blue = "https://blue.test"
"""


def test_what_a_file_says_goes_before_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal of the guide's platform is judged where and as its file says."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = load_environment(str(_file(tmp_path, OVER)))
    assert (found.api, found.live_api, found.issuer) == ("https://api.test", "https://live.test", "https://issuer.test")
    assert (found.reported_environment, found.kube_context, found.namespace) == ("rehearsal", "mine", "ours")
    assert found.ca_file == tmp_path / "home/ca.pem"
    assert found.slots == {"blue": "https://blue.test"}
    assert found.digest == digest(OVER)


def test_the_guide_gives_no_address_to_a_slot(tmp_path: Path) -> None:
    """The live platform is never judged in the place of a slot whose address is left out."""
    errors = _errors(_file(tmp_path, 'name = "own"\nfrom_guide = true\nslot = "blue"\n'))
    assert "the guide gives slot blue no address before the switch" in errors["api"]


def test_mistakes_are_told_in_the_order_of_their_places(tmp_path: Path) -> None:
    """The second of a list comes before the tenth, and what is only blank is no name."""
    words = ", ".join('"x"' for _ in range(12))
    errors = _errors(_file(tmp_path, OWN.replace('"own"', '" "').replace('"cdn", "tls"', words)))
    assert list(errors) == [*(f"capabilities.{place}" for place in range(12)), "name"]


def test_a_value_in_another_file(tmp_path: Path) -> None:
    """An address may be kept in a file beside the environment's."""
    (tmp_path / "api").write_text("https://api.test\n", encoding="utf-8")
    path = _file(tmp_path, OWN.replace('"https://127.0.0.1:8443/"', '"file:api"'))
    assert load_environment(str(path)).api == "https://api.test"


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Every mistake is reported together, each with file, key, what is allowed and what was probably meant."""
    path = _file(
        tmp_path,
        'name = 3\nslott = "blue"\nslot = "blu"\napi = "http://x/y"\ncapabilities = ["cdm", "cdn", "kubernetes"]\n'
        'effects = ["synthetic"]\nstrict = "yes please"\n[secrets]\nother = "hunter2hunter2"\nnumber = 7\n'
        '[slots]\nblew = "https://a"\ngreen = "env:VERIFY_TEST_NOWHERE"\n[provenance]\nkafka = "simulatd"\n',
    )
    errors = _errors(path)
    assert set(errors) == {
        "name", "slott", "slot", "api", "capabilities.0", "cdn", "kube_context", "namespace", "strict",
        "reported_environment", "secrets.other", "secrets.number", "secrets.synthetic_key", "slots.blew",
        "slots.green", "provenance.kafka",
    }  # fmt: skip
    assert errors["slott"].endswith("did you mean slot?")
    assert errors["slot"].endswith("did you mean blue?")
    assert errors["capabilities.0"].endswith("did you mean cdn?")
    assert "allowed: real, simulated; did you mean simulated?" in errors["provenance.kafka"]
    assert all(str(path) in text for text in errors.values())


def test_a_plain_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """The value of a secret that was written into a file is in no error."""
    path = _file(tmp_path, 'name = "x"\nsynthetic_key = "hunter2hunter2"\n[secrets]\nsynthetic_key = "hunter2hunter2"')
    errors = _errors(path)
    assert "secrets.synthetic_key" in errors
    assert "hunter2" not in "".join(errors.values())


@pytest.mark.parametrize("content", [None, b"name = ", b"\xff\xfe\x00", b"", "folder"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes | str | None) -> None:
    """A missing, malformed, binary or empty file, or a folder, is an error that names it."""
    path = tmp_path / "own.toml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.mkdir()
    assert all(str(path) in text for text in _errors(path).values())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """An unknown environment is answered with the nearest name and the list."""
    text = _errors("prodution")[""]
    assert "did you mean production?" in text
    assert "blue, canary, green, local" in text


def test_an_address_is_told_to_be_no_environment(tmp_path: Path) -> None:
    """Who names an address is told where it belongs, and who misspells a path what lies beside it."""
    assert "is an address, which an environment has as its api; allowed: blue" in _errors("https://api.example.org")[""]
    _file(tmp_path, OWN)
    assert f"did you mean {tmp_path / 'own.toml'}?" in _errors(tmp_path / "onw.toml")[""]


def test_the_sandbox_has_no_addresses_before_it_runs() -> None:
    """The local environment's file can be read, and loads only as what the sandbox writes."""
    assert read_form("local").sandbox
    assert set(_errors("local")) == {"sandbox"}


def test_a_slot_of_ones_own_needs_the_live_address(tmp_path: Path) -> None:
    """An own environment of a slot that is not live has to say where live traffic goes."""
    assert set(_errors(_file(tmp_path, OWN.replace('name = "own"', 'name = "own"\nslot = "blue"')))) == {"live_api"}


def test_a_secret_store_is_for_secrets(tmp_path: Path) -> None:
    """An address is not fetched from the secrets manager while loading: that would touch the network."""
    path = _file(tmp_path, OWN.replace('"https://127.0.0.1:8443/"', '"aws-secretsmanager:api"'))
    errors = _errors(path)
    assert set(errors) == {"api"}
    assert "is kept where only secrets are kept" in errors["api"]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_scale_is_positive_and_finite(scale: float) -> None:
    """No other factor is taken."""
    with pytest.raises(ValueError, match="time scale"):
        load_environment("local", time_scale=scale)


@pytest.mark.parametrize(
    "text",
    ["http://a", "a", "https://", "https://a/b", "https://u:p@a", "https://u@a", "https://a?b=c", "https://a#b", "https://a:x",
     "https://a:70000", "https://a b", "https://a:0", "https://[::1"],
)  # fmt: skip
def test_what_is_no_base_address(text: str) -> None:
    """Plain HTTP, paths, passwords, queries and bad ports are refused."""
    with pytest.raises(ValueError, match=r"."):
        base_url(text)


@pytest.mark.parametrize("text", ["https://a/", "https://a?", "https://a#", "https://a/?#"])
def test_an_address_is_kept_without_what_says_nothing(text: str) -> None:
    """An empty path, query or fragment is left out, so that a path can follow."""
    assert base_url(text) == "https://a"


@given(st.text(max_size=40).map(lambda text: f"https://{text}"))
def test_a_base_address_is_read_once(text: str) -> None:
    """What is taken as an address is taken again unchanged, whatever was typed."""
    try:
        found = base_url(text)
    except ValueError:
        return
    assert base_url(found) == found
    assert not found.endswith("/")


KEYS = ["name", "slot", "api", "slots", "secrets", "capabilities", "effects", "cdn", "sandbox", "provenance", "strict"]
TOML = ['""', "1", "true", "[]", '["x"]', "{}", "{ a = 1 }", '"env:NOPE"', "1.5", "[{}]"]


@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), st.sampled_from(TOML)))
def test_no_file_is_a_crash(tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]) -> None:
    """Whatever types a file has, it is refused by configuration errors and nothing else."""
    path = _file(tmp_path_factory.getbasetemp(), "\n".join(f"{key} = {value}" for key, value in table.items()))
    assert _errors(path)


def test_required_checks_are_named_by_tier_and_id(tmp_path: Path) -> None:
    """An environment names what must run of a tier; of one that it does not name everything must."""
    found = load_environment(str(_file(tmp_path, OWN + '[required]\nsmoke = ["SVC-01", "AUT-01"]\n')))
    assert found.required == {"smoke": frozenset({"SVC-01", "AUT-01"})}
    assert load_environment(str(_file(tmp_path, OWN))).required == {}


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('smoke = ["SVC-1"]', "required.smoke", "unknown ID 'SVC-1' for this tier; allowed: SVC-01, "),
        ('smoke = ["svc-01"]', "required.smoke", "did you mean SVC-01?"),
        ('smoke = ["K8S-01"]', "required.smoke", "unknown ID 'K8S-01' for this tier"),
        ('smok = ["SVC-01"]', "required.smok", "did you mean smoke?"),
        ("smoke = []", "required.smoke", "is empty"),
        ('smoke = "SVC-01"', "required.smoke", "should be"),
        ('load = ["LOD-01"]', "required.load", "unknown tier"),
    ],
)
def test_what_is_wrong_with_required_checks(tmp_path: Path, line: str, key: str, said: str) -> None:
    """A tier or an ID that does not exist is a mistake with its place, what is allowed and what was meant."""
    file = _file(tmp_path, f"{OWN}[required]\n{line}\n")
    assert said in _errors(file)[key]
    with pytest.raises(ConfigurationErrors):
        read_form(str(file))
