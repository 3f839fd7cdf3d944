"""What generators are measured against, and with: nginx with one worker on the last core, wrk, and CPU times.

Linux only (CPU times from /proc, pinning). wrk comes from the system.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fixtures.sandbox import binaries
from fixtures.sandbox.ports import is_free, reserve
from fixtures.sandbox.tls import write_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATOR_CORE, TARGET_CORE = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
CONNECTIONS: Final = 32
BODY: Final = '{"id":"0190c0de","name":"Ada","friends":[1,2,3,5,8,13],"online":true,"note":"a constant answer"}'
SERVED_BY: Final = 'chat;slot=green;build="benchmark";instance="chat-1"'
CONVERSATION: Final = "0b9f6a52-6a0e-4f3c-9a51-1f6f0a3b7c11"
MESSAGE: Final = (
    '{"message_id":"5d1c1a9e-3a57-4c5e-8a51-0f5f4d1f2b10","conversation_id":"' + CONVERSATION + '",'
    '"sender_id":"7e2f9a52-6a0e-4f3c-9a51-1f6f0a3b7c22","seq":7,"text":"hello","attachment_ids":[],'
    '"sent_at":"2026-10-01T12:00:00.000000Z"}'
)
"""What the chat service of the contract answers to a message that was sent."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_START_S: Final = 5.0

_NGINX: Final = """\
daemon off;
worker_processes 1;
worker_cpu_affinity {mask};
worker_rlimit_nofile 16384;
{user}
pid nginx.pid;
error_log stderr warn;
events {{
  worker_connections 8192;
}}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ssl_protocols TLSv1.3;
  ssl_certificate server.pem;
  ssl_certificate_key server.key;
  server {{
    listen 127.0.0.1:{http};
    listen 127.0.0.1:{https} ssl;
    location / {{
      default_type application/json;
      add_header X-Served-By '{served_by}';
      return 200 '{body}';
    }}
    location /api/chat-service/ {{
      default_type application/json;
      add_header X-Served-By '{served_by}';
      add_header X-Trace-Id $request_id;
      return 201 '{message}';
    }}
    location /unique {{
      default_type application/json;
      add_header X-Served-By '{served_by}';
      add_header X-Request-Id $request_id;
      return 200 '{body}';
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A target that runs."""

    http: str
    """Base address, as `http://127.0.0.1:PORT`."""
    https: str
    ca_file: Path
    pid: int
    """Of the worker."""


@contextlib.contextmanager
def nginx() -> Iterator[Nginx]:
    """Run nginx from its wheel, one worker on the last core, with a constant JSON answer to everything."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        ports = reserve(2)
        stack.callback(ports.release)
        root = Path(folder)
        root.chmod(0o755)
        write_certificates(root)
        http, https = ports
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        text = _NGINX.format(
            mask=format(1 << TARGET_CORE, "b"),
            user=user,
            http=http,
            https=https,
            served_by=SERVED_BY,
            body=BODY,
            message=MESSAGE,
        )
        (root / "nginx.conf").write_text(text)
        command: list[str] = [str(binaries.nginx("gateway")), "-p", folder, "-c", "nginx.conf", "-e", "stderr"]
        process = subprocess.Popen(command, cwd=folder)
        try:
            until = time.monotonic() + _START_S
            while not (workers := children(process.pid)) or is_free(http):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("nginx did not start")
                time.sleep(0.01)
            yield Nginx(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", root / "ca.pem", workers[0])
        finally:
            process.terminate()
            process.wait(_START_S)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def stolen_seconds() -> tuple[float, ...]:
    """Return for how long the host has kept the generator's and the target's core from this machine, in seconds.

    Both matter: over loopback a send also does the target's receiving, and waits where the target holds a lock.
    """
    rows = {row.split()[0]: row.split() for row in Path("/proc/stat").read_text().splitlines()}
    return tuple(int(rows[f"cpu{core}"][8]) / _TICKS for core in (GENERATOR_CORE, TARGET_CORE))


def waited_seconds() -> float:
    """Return for how long threads of this process, those that still run, were ready and had no core, in seconds."""
    rows = [(task / "schedstat").read_text().split() for task in Path("/proc/self/task").iterdir()]
    return sum(int(row[1]) for row in rows) / 1e9


def pin() -> None:
    """Keep this process, and all that it starts from now on, on the generator's core."""
    os.sched_setaffinity(0, {GENERATOR_CORE})


def wrk(url: str, seconds: float) -> float:
    """Requests of `url` for each CPU second of wrk's own, one thread on the generator's core.

    Raises `RuntimeError` if it did not do its work.
    """
    before = os.times()
    whole = max(1, round(seconds))
    command = ["taskset", "-c", str(GENERATOR_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{whole}s", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=whole + 30)
    after = os.times()
    found = re.search(r"(\d+) requests in ", done.stdout)
    if done.returncode or found is None or "errors" in done.stdout:
        raise RuntimeError(f"wrk failed: {done.stdout} {done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return int(found[1]) / cpu
