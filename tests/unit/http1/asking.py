"""Asking over connections that wait, by what a test wants to be different."""

from pathlib import Path

from fixtures.contract.answer import Answer
from fixtures.contract.operation import Endpoint, Operation
from fixtures.http1.connections import Connections, Limits
from fixtures.http1.way import Way

ENOUGH = 20.0
"""Seconds for what has to come: the machine may stand still meanwhile, more than once."""
LIMITS = Limits(connect=ENOUGH, read=ENOUGH, whole=ENOUGH)
GET: Endpoint[str] = Endpoint("chat", "getText", "GET", "/text", {200: str}, auth="none")
POST: Endpoint[str] = Endpoint("chat", "postText", "POST", "/text", {200: str}, auth="none", effect="create")
PUT: Endpoint[str] = Endpoint("chat", "putText", "PUT", "/text", {200: str}, auth="none", effect="create")


def ask(  # noqa: PLR0913 - what a test may want to be different
    connections: Connections,
    url: str,
    *,
    endpoint: Endpoint[str] = GET,
    content: bytes | None = None,
    limits: Limits = LIMITS,
    ca_file: Path | None = None,
) -> Answer:
    way = Way.to(url, ca_file)
    operation = Operation(endpoint, "/text", content=content)
    return connections.exchange(
        way.target,
        way.request(operation),
        limits,
        head_only=endpoint.method == "HEAD",
        repeatable=operation.idempotent,
    )


def text(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
