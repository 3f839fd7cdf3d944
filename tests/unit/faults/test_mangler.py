"""The mangler: invisible without a rule, exact with one."""

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, unix_connect

from fixtures.sandbox.faults.mangler.rules import Break, Cut, Delay, Frames, Respond, Rewrite, Rule
from fixtures.sandbox.faults.model import FaultError
from fixtures.sandbox.faults.ways.routes import running
from tests.unit.faults.service import echoing

SOCKET = "ws://localhost/v1/socket"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("m")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[tuple[Path, list[int]]]:
    with echoing(folder / "service.sock") as closed:
        yield folder / "service.sock", closed


@contextmanager
def mangled(service: Path, *rules: Rule) -> Iterator[Path]:
    at = service.with_name("mangler.sock")
    with running(at, service, rules):
        yield at


def client(path: Path) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://localhost", timeout=5)


def connect(path: Path) -> AbstractContextManager[ClientConnection]:
    return unix_connect(str(path), SOCKET, subprotocols=[Subprotocol("echo.v1")], open_timeout=5, proxy=None)


def test_without_rules_answers_are_those_of_the_service(service: tuple[Path, list[int]]) -> None:
    """With no rule a request and its answer pass unchanged, whatever their method, size and framing."""
    large = "x" * 300_000
    asked = [
        ("GET", "/echo?a=1&b=%20", b""),
        ("POST", "/echo/deep", b'{"a":1}'),
        ("PUT", "/echo", large.encode()),
        ("HEAD", "/echo", b""),
        ("DELETE", "/nothing", b""),
        ("GET", "/chunks", b""),
        ("GET", "/absent", b""),
    ]
    with mangled(service[0]) as path, client(path) as through, client(service[0]) as direct:
        for method, target, content in asked:
            got, expected = (c.request(method, target, content=content) for c in (through, direct))
            assert (got.status_code, got.content) == (expected.status_code, expected.content)
            volatile = {"date", "connection"}
            assert {k: v for k, v in got.headers.items() if k not in volatile} == {
                k: v for k, v in expected.headers.items() if k not in volatile
            }


def test_without_rules_a_websocket_is_that_of_the_service(service: tuple[Path, list[int]]) -> None:
    """With no rule a websocket keeps its subprotocol, extensions, frames, pings and close code."""
    path, closed = service
    with mangled(path) as at, connect(at) as socket:
        assert socket.subprotocol == "echo.v1"
        assert socket.recv(5) == '{"type":"welcome"}'.replace(":", ": ")
        for text in ("hello", "ü" * 1000, "y" * 70_000):
            socket.send(text)
            assert socket.recv(5) == text
        assert socket.ping().wait(5)
        socket.close(4000)
        assert socket.close_code == 4000
    assert closed[-1] == 4000


def test_a_client_that_vanishes_is_noticed_by_the_service(service: tuple[Path, list[int]]) -> None:
    """When a client's connection breaks, so does the one to the service: presence must not outlive its person."""
    path, closed = service
    before = len(closed)
    with mangled(path) as at, connect(at) as socket:
        socket.recv(5)
        socket.socket.shutdown(2)
        deadline = time.monotonic() + 5
        while len(closed) == before and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(closed) == before + 1


def test_an_answer_in_the_services_place(service: tuple[Path, list[int]]) -> None:
    """Respond answers by itself on the paths it is about, and on no other."""
    rule = Respond(path="^/echo$", status=500, headers={"Content-Type": "text/html"}, body="<h1>no</h1>")
    with mangled(service[0], rule) as at, client(at) as http:
        broken = http.post("/echo", content=b"z" * 100_000)
        assert (broken.status_code, broken.text, broken.headers["content-type"]) == (500, "<h1>no</h1>", "text/html")
        assert http.get("/plain").text == "plain"


def test_one_request_in_n(service: tuple[Path, list[int]]) -> None:
    """`every` breaks each n-th request and leaves the others alone."""
    with mangled(service[0], Respond(path="/plain", status=503, every=3)) as at, client(at) as http:
        assert [http.get("/plain").status_code for _ in range(7)] == [200, 200, 503, 200, 200, 503, 200]


def test_members_of_an_answer(service: tuple[Path, list[int]]) -> None:
    """Rewrite sets members by JSON pointer, headers and status, and removes a header with null."""
    rule = Rewrite(
        put={"/path": "elsewhere", "/code": "123456"}, headers={"X-Served-By": None, "x-new": "1"}, status=202
    )
    with mangled(service[0], rule) as at, client(at) as http:
        answer = http.post("/echo", content=b"{}")
        assert answer.status_code == 202
        assert (answer.json()["path"], answer.json()["code"], answer.json()["method"]) == (
            "elsewhere",
            "123456",
            "POST",
        )
        assert "x-served-by" not in answer.headers
        assert answer.headers["x-new"] == "1"
        assert http.head("/echo").status_code == 202


def test_an_answer_without_a_body_is_given_none(service: tuple[Path, list[int]]) -> None:
    """Nor a length, which it must not have (RFC 9110, 8.6)."""
    with mangled(service[0], Rewrite(headers={"x-new": "1"})) as at, client(at) as http:
        answer = http.delete("/nothing")
        assert (answer.status_code, answer.headers["x-new"]) == (204, "1")
        assert "content-length" not in answer.headers


def test_members_of_a_request(service: tuple[Path, list[int]]) -> None:
    """A rewritten request reaches the service with the new members and the right length."""
    rule = Rewrite(side="request", put={"/text": "changed"}, headers={"Authorization": "Bearer other"})
    with mangled(service[0], rule) as at, client(at) as http:
        seen = http.post("/echo", json={"text": "said"}, headers={"Authorization": "Bearer mine"}).json()
        assert seen["body"] == '{"text":"changed"}'
        assert seen["headers"]["authorization"] == "Bearer other"
        assert "text" not in seen
        # or what the service answers would come in a form that no rule can read
        assert "accept-encoding" not in seen["headers"]


def test_text_of_an_answer_of_one_status(service: tuple[Path, list[int]]) -> None:
    """`swap` changes text, and `only_status` spares answers with another status."""
    with (
        mangled(service[0], Rewrite(path="/plain", swap={"plain": "fancy"}, only_status=200)) as at,
        client(at) as http,
    ):
        assert http.get("/plain").text == "fancy"
    with mangled(service[0], Rewrite(swap={"9;": "<9>"})) as at, client(at) as http:
        assert "9;" not in http.get("/chunks").text
    with mangled(service[0], Rewrite(status=418, only_status=404)) as at, client(at) as http:
        assert [http.get(path).status_code for path in ("/absent", "/plain")] == [418, 200]
    with (
        mangled(service[0], Rewrite(path="/plain", swap={"plain": "fancy"}, only_status=500)) as at,
        client(at) as http,
    ):
        assert http.get("/plain").text == "plain"


def test_a_truncated_answer(service: tuple[Path, list[int]]) -> None:
    """`keep` announces the whole length and breaks off: the client must not take it for an answer."""
    cut_short = mangled(service[0], Rewrite(path="/chunks", keep=100))
    with cut_short as at, client(at) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get("/chunks")
    with mangled(service[0], Rewrite(path="/chunks", keep=100)) as at, socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(at))
        raw.sendall(b"GET /chunks HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with raw.makefile("rb") as stream:
            assert len(stream.read().partition(b"\r\n\r\n")[2]) == 100


def test_a_mangler_that_does_not_start_is_told(folder: Path) -> None:
    """A fault that was never on must not seem undetected."""
    absent = running(folder / "absent" / "m.sock", folder / "nobody.sock", ())
    with pytest.raises(FaultError, match="does not listen"), absent:
        pass


@pytest.mark.parametrize("how", ["drop", "garbage"])
def test_a_broken_connection(service: tuple[Path, list[int]], how: str) -> None:
    """A dropped connection or bytes that are no HTTP are a protocol error, never an answer."""
    broken = mangled(service[0], Break(how=how))  # type: ignore[arg-type]
    with broken as at, client(at) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get("/plain")


def test_silence_and_delay(service: tuple[Path, list[int]]) -> None:
    """Silence outlasts the client's patience; a delay holds back and then carries."""
    slow = mangled(service[0], Break(path="/plain", how="silence"), Delay(path="/echo", seconds=0.3))
    with slow as at, client(at) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.get("/plain", timeout=0.2)
        begin = time.monotonic()
        assert http.get("/echo").status_code == 200
        assert time.monotonic() - begin >= 0.3


def test_a_service_that_is_away(folder: Path) -> None:
    """With nothing behind it the mangler answers 502, as a gateway would."""
    with running(folder / "away.sock", folder / "nobody.sock", ()), client(folder / "away.sock") as http:
        assert http.get("/plain").status_code == 502


def test_a_refused_websocket(service: tuple[Path, list[int]]) -> None:
    """Respond and Break refuse websockets as well."""
    refused = mangled(service[0], Respond(path="/v1/socket", status=503))
    with refused as at, pytest.raises(InvalidStatus), connect(at):
        pass
    garbled = mangled(service[0], Break(path="/v1/socket", how="garbage"))
    with garbled as at, pytest.raises(InvalidMessage), connect(at):
        pass


@pytest.mark.parametrize(("rule", "code"), [(Cut(after=0.2, code=1011), 1011), (Cut(after=0.2), 1006)])
def test_a_websocket_that_is_cut(service: tuple[Path, list[int]], rule: Cut, code: int) -> None:
    """Cut closes with its code after its time, or drops the connection without a word."""
    with mangled(service[0], rule) as at, connect(at) as socket:
        socket.recv(5)
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(5)
        assert (ended.value.rcvd.code if ended.value.rcvd else 1006) == code


def test_an_idle_websocket_that_is_cut(service: tuple[Path, list[int]]) -> None:
    """With `idle` traffic keeps the connection, and its absence ends it."""
    with mangled(service[0], Cut(after=2.0, idle=True)) as at, connect(at) as socket:
        socket.recv(5)
        for _ in range(6):
            time.sleep(0.4)
            socket.send("alive")
            assert socket.recv(5) == "alive"
        with pytest.raises(ConnectionClosed):
            socket.recv(5)


@pytest.mark.parametrize(
    ("what", "heard"),
    [
        ("lose", ["a", "b1", "z"]),
        ("double", ["a", "b1", "b2", "b2", "z"]),
        ("replace", ["a", "b1", "<X>2", "z"]),
        ("after", ["a", "b1", "b2", "<X>", "z"]),
    ],
)
def test_frames(service: tuple[Path, list[int]], what: str, heard: list[str]) -> None:
    """Each second frame that matches is lost, doubled, changed, or followed by another; the rest passes in order."""
    rule = Frames(what=what, pattern="b", text="<X>", every=2)  # type: ignore[arg-type]
    with mangled(service[0], rule) as at, connect(at) as socket:
        socket.recv(5)
        for text in ("a", "b1", "b2", "z"):
            socket.send(text)
        assert [socket.recv(5) for _ in heard] == heard


@pytest.mark.parametrize(("direction", "first"), [("client", "hello"), ("server", '{"type": "welcome"}')])
def test_frames_of_one_direction_are_changed_alone(service: tuple[Path, list[int]], direction: str, first: str) -> None:
    """`client` are those that go to clients, `server` those that come from them."""
    rule = Frames(what="lose", pattern="welcome", direction=direction)  # type: ignore[arg-type]
    with mangled(service[0], rule) as at, connect(at) as socket:
        socket.send("hello")
        assert socket.recv(5) == first


def test_frames_out_of_order(service: tuple[Path, list[int]]) -> None:
    """A swapped frame comes after the next of its kind; what does not match keeps its place."""
    with mangled(service[0], Frames(what="swap", pattern="b", direction="server")) as at, connect(at) as socket:
        socket.recv(5)
        for text in ("b1", "a", "b2", "b3", "b4"):
            socket.send(text)
        assert [socket.recv(5) for _ in range(5)] == ["a", "b2", "b1", "b4", "b3"]


def test_no_mangler_outlives_its_fault(service: tuple[Path, list[int]]) -> None:
    """When the context ends the socket is gone, although connections were open."""
    with ExitStack() as after:
        with mangled(service[0], Break(path="/plain", how="silence")) as at:
            socket = after.enter_context(connect(at))
            socket.recv(5)
        assert not at.exists()
        with pytest.raises(ConnectionClosed):
            socket.recv(5)
