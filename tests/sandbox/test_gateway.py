"""The gateway: addresses, the switch, its own errors, what it refuses."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from websockets.sync.client import connect

from fixtures.sandbox import gateway
from fixtures.sandbox.facts import facts
from tests.sandbox.processes import within

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import httpx

    from fixtures.sandbox import Sandbox


def _slot(response: httpx.Response) -> str:
    found = re.search(r";slot=(\w+)", response.headers["X-Served-By"])
    assert found
    return found[1]


def test_every_service_answers_at_every_address(sandbox: Sandbox, web: httpx.Client) -> None:
    """The public address and both slots' addresses route every service of the guide, with the prefix taken off."""
    live = sandbox.live_slot
    for name, slot in (("public", live), ("blue", "blue"), ("green", "green")):
        for prefix in facts().prefixes:
            answer = web.get(f"{sandbox.addresses[name]}{prefix}/health")
            assert answer.status_code == 200
            assert _slot(answer) == slot


def test_slots_differ_in_build(sandbox: Sandbox, web: httpx.Client) -> None:
    """Blue and green run different builds, named as the guide's images."""
    builds = {
        slot: web.get(f"{sandbox.addresses[slot]}/api/auth-service/health").json()["build"]
        for slot in ("blue", "green")
    }
    assert builds["blue"] != builds["green"]
    assert all(re.fullmatch(r"prod-[0-9a-f]{7}", build) for build in builds.values())


def test_metrics_are_not_public(sandbox: Sandbox, web: httpx.Client) -> None:
    """The public address has no /metrics; a slot's address has."""
    path = "/api/chat-service/metrics"
    assert web.get(f"{sandbox.addresses['public']}{path}").status_code == 404
    assert web.get(f"{sandbox.addresses['public']}/api/chat-service/%6detrics").status_code == 404
    assert web.get(f"{sandbox.addresses['green']}{path}").status_code == 200


def test_unknown_route_is_a_problem(sandbox: Sandbox, web: httpx.Client) -> None:
    """What the gateway does not route is an RFC 9457 problem with the trace that the caller sent."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = web.get(
        f"{sandbox.addresses['public']}/nowhere", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    )
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:social-platform:problem:not-found"
    assert problem["status"] == 404
    assert problem["instance"] == "/nowhere"
    assert problem["trace_id"] == answer.headers["X-Trace-Id"] == trace


def test_too_large_is_a_problem(sandbox: Sandbox, web: httpx.Client) -> None:
    """A body that is too large is refused as a problem, and one just below arrives whole."""
    address = f"{sandbox.addresses['public']}/api/chat-service/size"
    assert web.post(address, content=b"x" * 1_000_000).json() == {"bytes": 1_000_000}
    answer = web.post(address, content=b"x" * 1_100_000)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:social-platform:problem:too-large"


def test_trace_is_made_and_passed_on(sandbox: Sandbox, web: httpx.Client) -> None:
    """A request without a trace gets one of W3C's form before it reaches the service; one with a trace keeps it."""
    address = f"{sandbox.addresses['public']}/api/chat-service/request"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", web.get(address).json()["headers"]["traceparent"])
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert web.get(address, headers={"traceparent": own}).json()["headers"]["traceparent"] == own


def test_dead_service_is_a_quick_problem(live_again: Sandbox, web: httpx.Client) -> None:
    """A service that is gone is a 502 problem at once, and serves again when it is restarted."""
    slot = live_again.live_slot
    live_again.kill(f"{slot}/otp")
    began = time.monotonic()
    answer = web.get(f"{live_again.addresses['public']}/api/otp-service/health")
    assert time.monotonic() - began < 8
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    live_again.restart("otp", slot)
    assert web.get(f"{live_again.addresses['public']}/api/otp-service/health").status_code == 200


def test_stuck_service_is_a_504(live_again: Sandbox, web: httpx.Client) -> None:
    """A service that does not answer is a 504 problem after ten seconds."""
    part = f"{live_again.live_slot}/otp"
    live_again.pause(part)
    began = time.monotonic()
    answer = web.get(f"{live_again.addresses['public']}/api/otp-service/health")
    took = time.monotonic() - began
    live_again.resume(part)
    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:social-platform:problem:gateway-timeout"
    assert 9.5 < took < 20
    assert web.get(f"{live_again.addresses['public']}/api/otp-service/health").status_code == 200


def test_plain_http_is_redirected(sandbox: Sandbox, web: httpx.Client) -> None:
    """Plain HTTP is answered with a permanent redirect that keeps method, path and query; https has HSTS."""
    answer = web.post(f"{sandbox.addresses['http']}/api/auth-service/x?y=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{sandbox.addresses['public']}/api/auth-service/x?y=1"
    secure = web.get(f"{sandbox.addresses['public']}/api/auth-service/health")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize("name", ["public", "blue", "green", "cdn", "s3"])
def test_only_tls_1_3(sandbox: Sandbox, name: str) -> None:
    """Every TLS address refuses TLS 1.2 by the alert protocol_version, and takes TLS 1.3, signed by its CA."""
    address = urlsplit(sandbox.addresses[name])
    context = ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem"))
    connection = http.client.HTTPSConnection(str(address.hostname), address.port, context=context, timeout=5)
    connection.connect()
    assert connection.sock.version() == "TLSv1.3"
    connection.close()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError) as refusal:
        http.client.HTTPSConnection(str(address.hostname), address.port, context=context, timeout=5).connect()
    assert refusal.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_switch_is_atomic(live_again: Sandbox, tls: ssl.SSLContext) -> None:
    """While slots are switched to and fro no request fails, and none made after a switch is served by the old slot."""
    address = urlsplit(live_again.addresses["public"])
    stop = threading.Event()
    wrong: list[str] = []
    counts = [0] * 4
    # What the live slot is, and a number that is odd while it is being changed.
    truth = (live_again.live_slot, 0)

    def hammer(index: int) -> None:
        connection = http.client.HTTPSConnection(str(address.hostname), address.port, context=tls, timeout=5)
        while not stop.is_set():
            slot, turn = truth
            connection.request("GET", "/api/auth-service/health")
            response = connection.getresponse()
            response.read()
            served = str(response.headers["X-Served-By"])
            if response.status != 200:
                wrong.append(f"status {response.status}")
            elif truth[1] == turn and turn % 2 == 0 and f"slot={slot}" not in served:
                wrong.append(f"{served} while {slot} was live")
            counts[index] += 1
        connection.close()

    threads = [threading.Thread(target=hammer, args=(index,)) for index in range(len(counts))]
    for thread in threads:
        thread.start()
    for turn in range(20):
        time.sleep(0.05)
        slot = ("blue", "green")[turn % 2]
        truth = (truth[0], truth[1] + 1)
        live_again.switch(slot)
        truth = (slot, truth[1] + 1)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(counts) > 20


def test_request_under_way_ends_where_it_began(live_again: Sandbox, web: httpx.Client, tmp_path: Path) -> None:
    """A request that a slot is answering when the slots are switched is answered by it to the end."""
    before = live_again.live_slot
    answers: list[httpx.Response] = []
    begun = tmp_path / "begun"
    address = f"{live_again.addresses['public']}/api/auth-service/slowly?seconds=0.6&begun={begun}"
    thread = threading.Thread(target=lambda: answers.append(web.get(address)))
    thread.start()
    assert within(20, begun.exists)
    live_again.switch("blue" if before == "green" else "green")
    thread.join()
    assert answers[0].status_code == 200
    assert _slot(answers[0]) == before


def test_sockets_outlive_a_switch(live_again: Sandbox, tls: ssl.SSLContext) -> None:
    """A websocket stays with the slot that it was opened at; one opened after the switch is at the new slot."""
    address = live_again.addresses["public"].replace("https", "wss") + "/api/websocket-signaling-service/v1/socket"
    before = live_again.live_slot
    after = "blue" if before == "green" else "green"
    with connect(address, ssl=tls, proxy=None) as old:
        assert old.recv(5) == before
        live_again.switch(after)
        with connect(address, ssl=tls, proxy=None) as new:
            assert new.recv(5) == after
        old.send("still here")
        assert old.recv(5) == "still here"


def _s3(sandbox: Sandbox, address: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    identities = json.loads((sandbox.directory / "objects" / "identities.json").read_text())["identities"]
    credentials = identities[0]["credentials"][0]
    return boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=credentials["accessKey"],
        aws_secret_access_key=credentials["secretKey"],
        region_name="us-east-1",
        verify=str(sandbox.directory / "tls" / "ca.pem"),
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def test_object_storage_takes_signed_requests_only(sandbox: Sandbox, web: httpx.Client) -> None:
    """The public storage address serves presigned requests on every bucket of the guide, refuses others and expired."""
    public = sandbox.addresses["s3"]
    client = _s3(sandbox, public)
    names = facts()
    assert {bucket["Name"] for bucket in client.list_buckets()["Buckets"]} == {
        names.avatars,
        names.attachments,
        names.recordings,
    }
    for bucket in (names.avatars, names.attachments, names.recordings):
        what = {"Bucket": bucket, "Key": "folder/an object"}
        put = client.generate_presigned_url("put_object", Params=what, ExpiresIn=60)
        assert web.put(put, content=b"content").status_code == 200
        assert web.get(client.generate_presigned_url("get_object", Params=what, ExpiresIn=60)).content == b"content"
        assert web.get(f"{public}/{bucket}/folder/an%20object").status_code == 403
        assert web.get(f"{public}/{bucket}").status_code == 403
        assert web.get(f"{public}/{bucket}/folder/an%20object?X-Amz-Signature={'0' * 64}").status_code in {400, 403}
        assert web.delete(f"{public}/{bucket}/folder/an%20object").status_code == 403
        client.delete_object(**what)
    short = client.generate_presigned_url("get_object", Params=what, ExpiresIn=1)
    time.sleep(2.1)  # the shortest life that a signature can have
    assert web.get(short).status_code == 403


def test_cdn_caches_avatars_and_nothing_else(sandbox: Sandbox, web: httpx.Client) -> None:
    """The CDN serves avatars, the second time from its cache, and neither lists them nor takes anything."""
    names = facts()
    client = _s3(sandbox, sandbox.addresses["s3"])
    client.put_object(Bucket=names.avatars, Key="user/one.png", Body=b"image", ContentType="image/png")
    client.put_object(Bucket=names.attachments, Key="secret", Body=b"x")
    address = f"{sandbox.addresses['cdn']}/avatars/user/one.png"
    first, second = web.get(address), web.get(address)
    assert (first.status_code, first.content, first.headers["X-Cache"]) == (200, b"image", "MISS")
    assert (second.content, second.headers["X-Cache"]) == (b"image", "HIT")
    assert first.headers["Content-Type"] == "image/png"
    assert first.headers["Cache-Control"] == f"public, max-age={gateway.CACHE_S}"
    for refused in ("/avatars/", "/avatars", "/", "/avatars/?list-type=2", f"/avatars/../{names.attachments}/secret"):
        assert web.get(f"{sandbox.addresses['cdn']}{refused}").status_code == 404
    assert web.get(f"{sandbox.addresses['cdn']}/avatars/absent.png").json()["status"] == 404
    assert web.put(address, content=b"x").status_code == 403
    client.delete_object(Bucket=names.avatars, Key="user/one.png")
    client.delete_object(Bucket=names.attachments, Key="secret")
