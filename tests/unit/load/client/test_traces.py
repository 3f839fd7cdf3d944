"""The traces of requests."""

import re

from loadtests.client.traces import Traces
from tests.unit.http1.peer import OK, server
from tests.unit.load.client.visitor import Visitor, cause_of, does


def test_every_request_is_told_apart() -> None:
    """Traces and their requests are well formed and differ, within a thread and between processes."""
    ones, others = Traces(), Traces()
    known = [traces.new() for traces in (ones, others) for _ in range(100)]
    ours = [ones] * 100 + [others] * 100
    lines = [traces.line(trace) for traces, trace in zip(ours, known, strict=True)]
    again = [traces.line(trace) for traces, trace in zip(ours, known, strict=True)]
    assert len(set(known)) == 200
    assert len({*lines, *again}) == 400
    form = re.compile(r"traceparent: 00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01\r\n")
    assert all(form.fullmatch(line) for line in (*lines, *again))
    assert [Traces.of(line) for line in lines] == [Traces.of(line) for line in again] == known
    assert not Traces.of("")
    unsampled = Traces(sampled=False)
    assert unsampled.line(unsampled.new()).endswith("-00\r\n")


def test_requests_of_one_trace_say_so(visitor: Visitor) -> None:
    """Whoever makes a journey gives it a trace, which then has all that was asked, and each of it apart."""
    with server(does(OK, OK, b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")) as known:
        client = visitor.client(known.url)
        client.trace = "5c4e" * 8
        assert [cause_of(client) for _ in range(3)] == ["", "", "status 503"]
        client.close()
    parents = [request.headers["traceparent"] for request in known.requests]
    assert {parent.split("-")[1] for parent in parents} == {client.trace} == {visitor.fired[2]["exception"].trace}
    assert len(set(parents)) == 3
