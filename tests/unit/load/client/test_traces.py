"""The trace of each request."""

import re

from loadtests.client.traces import Traces


def test_every_request_has_a_trace_of_its_own() -> None:
    """Traces are well formed and differ, within a process and between processes."""
    ones, others = Traces(), Traces()
    lines = [traces.new() for traces in (ones, others) for _ in range(100)]
    assert len(set(lines)) == 200
    form = re.compile(r"traceparent: 00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01\r\n")
    assert all(form.fullmatch(line) for line in lines)
    assert all(line.split("-")[1] == Traces.of(line) for line in lines)
    assert not Traces.of("")
