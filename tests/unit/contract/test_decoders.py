"""Decoders: made once, by whichever thread is first."""

import subprocess
import sys

from fixtures.contract import auth, decoders
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.shared import Health

FIRST = """
import sys, threading
from typing import Generic, TypeVar
from msgspec import Struct
from fixtures.contract.decoders import decoder

sys.setswitchinterval(1e-6)
T = TypeVar("T")
for _ in range(300):
    class Mail(Struct):
        text: str

    class Page(Struct, Generic[T]):
        items: tuple[T, ...]
        next_cursor: str | None

    kind, read, together = Page[Mail], [], threading.Barrier(6)

    def reads():
        together.wait()
        read.append(decoder(kind).decode(b'{"items": [{"text": "x"}], "next_cursor": null}'))

    threads = [threading.Thread(target=reads) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 6
"""


def test_threads_may_read_a_type_for_the_first_time_together() -> None:
    """People of a suite act side by side; msgspec alone ends the whole process here, in every run."""
    subprocess.run([sys.executable, "-c", FIRST], check=True, timeout=60)


def test_operations_are_read_by_them() -> None:
    """Each is made once, and the types of answers are among them after the first answer."""
    decoder = decoders.decoder(Health)
    assert decoders.decoder(Health) is decoder
    asked = auth.key_set()
    asked.read(Answer(200, Headers([("Content-Type", "application/json")]), b'{"keys": []}', 0.0))
    assert decoders._made[id(asked.expects[200])][0] is asked.expects[200]
