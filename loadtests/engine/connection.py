"""One HTTP connection: sends, reads, judges and records. The way of a request is as short as Python allows."""

from time import perf_counter
from typing import TYPE_CHECKING, Final

from fixtures.http1.answers import LARGEST_HEAD, Answers
from fixtures.http1.connections import CROSSED
from fixtures.http1.errors import NotHttpError, TooLargeError
from loadtests.client.timeouts import RESTED
from loadtests.counts import NEVER
from loadtests.engine.parsing import Whole, WholeWithBody
from loadtests.engine.plan import Plan, complaint, no_trace, refusal
from loadtests.engine.watch import SERVED_BY, served_by
from loadtests.engine.wire import Wire
from loadtests.instances import instance_of

if TYPE_CHECKING:
    from loadtests.engine.recording import Recorder
    from loadtests.engine.watch import Watch
    from loadtests.engine.wire import Owner

CLOSED: Final = "closed without an answer"
CUT: Final = "cut off"
GARBAGE: Final = "not HTTP"
RESET: Final = "reset"
TIMED_OUT: Final = "time-out"
TOO_LARGE: Final = "answer too large"


def _nothing() -> bytes:
    return b""


class Connection(Wire):
    """Carries one request at a time, plain."""

    __slots__ = (
        "_answers",
        "_check",
        "_familiar",
        "_largest",
        "_make",
        "_plan",
        "_record",
        "_request",
        "_slow",
        "_small",
        "_statuses",
        "_trace",
        "_used",
        "_watch",
        "_whole",
    )

    def __init__(self, plan: Plan, largest: int, recorder: "Recorder", watch: "Watch", owner: "Owner") -> None:
        super().__init__(recorder, owner)
        self._plan = plan
        self._largest = largest
        self._record = recorder.record
        self._slow = recorder.slow
        self._watch = watch
        self._familiar = watch.familiar
        own = (plan.request, plan.check, no_trace) if plan.apart is None else plan.apart()
        request, self._check, self._trace = own
        self._statuses = plan.statuses
        # What is no larger is within all limits.
        self._small = min(LARGEST_HEAD, largest)
        self._whole = self._new_whole()
        # One or the other: `send` takes the request, and where that is empty what makes it.
        self._request = request if isinstance(request, bytes) else b""
        self._make = _nothing if isinstance(request, bytes) else request
        self._answers: Answers | None = None
        self._used = 0.0

    def send(self, since: float, now: float) -> None:
        """Send the request; its latency counts from `since`."""
        self.since = since
        self.sent = now
        self.busy = True
        self._write(self._request or self._make())

    def fails(self, cause: str, latency: float | None = None) -> None:
        """Give up the request, and the connection with it."""
        self._forget()
        super().fails(cause, latency)
        self._recorder.traced(cause, NEVER, self._trace())

    def data_received(self, data: bytes) -> None:
        """Read, the fast way if it can be."""
        familiar = self._familiar
        if not self.busy or self._answers is not None or len(data) > self._small:
            self._read(data)
        elif len(data) == familiar.length and data.startswith(familiar.head):
            now = perf_counter()
            if now >= self._recorder.border:
                self._recorder.turn(now)
            latency = now - self.since
            self._record(latency)
            cause = None if self._check is None else self._judge(familiar.status, data[familiar.size :])
            if cause is not None or latency > self._slow:
                self._bad(cause, latency, served_by(data))
            self._used = now
            self.busy = False
            self._owner.freed(self, now)
        elif self._whole.read(data):
            self._take(data)
        else:
            self._whole = self._new_whole()
            self._read(data)

    def _take(self, data: bytes) -> None:
        """Take note of an answer that came as a whole."""
        now = perf_counter()
        if now >= self._recorder.border:
            self._recorder.turn(now)
        latency = now - self.since
        self._record(latency)
        whole, watch, status = self._whole, self._watch, self._whole.status()
        if (data.find(watch.marker) < 0) is watch.expected:
            watch.look(data)
        cause: str | None = None
        if status not in self._statuses:
            cause = f"{refusal(status, b''.join(whole.pieces))}{watch.before(data)}"
        elif self._check is not None:
            cause = self._judge(status, b"".join(whole.pieces))
        if cause is not None or latency > self._slow:
            self._bad(cause, latency, served_by(data))
        whole.pieces.clear()
        self._used = now
        self.busy = False
        if not whole.reusable:
            self.close()
            return
        if status in self._statuses:
            self._familiar.learn(data, status, now)
        self._owner.freed(self, now)

    def _new_whole(self) -> Whole:
        return Whole() if self._check is None else WholeWithBody()

    def _read(self, data: bytes) -> None:
        """Read in the way that takes everything."""
        if not self.busy:
            # Nobody asked for it: some servers say farewell before they close.
            self.close()
            return
        answers = self._answers
        if answers is None:
            answers = self._answers = Answers(self._largest)
        try:
            complete = answers.feed(data)
        except NotHttpError:
            self.fails(GARBAGE)
        except TooLargeError:
            self.fails(TOO_LARGE)
        else:
            if complete:
                self._complete(answers)

    def _ended(self, *, cleanly: bool) -> None:
        if not self.busy:
            return
        answers = self._answers
        rested = self._used and self.sent - self._used >= RESTED
        if answers is None and rested and perf_counter() - self.sent < CROSSED and self._plan.idempotent:
            # It was closed while nothing was asked, and we could not know. RFC 9110, section 9.2.2.
            self.busy = False
            self._owner.again(self.since)
        elif answers is not None and cleanly and answers.end():
            self._complete(answers)
        else:
            self.fails(CUT if answers is not None else CLOSED if cleanly else RESET)

    def _breaks(self, cause: str) -> None:
        if self.busy:
            self.fails(cause)
        else:
            self.close()

    def _complete(self, answers: Answers) -> None:
        now = perf_counter()
        self._forget()
        if now >= self._recorder.border:
            self._recorder.turn(now)
        latency, fields = now - self.since, answers.fields
        self._record(latency)
        self._watch.headers(fields.items())
        self._familiar.forget()
        cause: str | None = None
        if answers.status not in self._statuses:
            cause = f"{refusal(answers.status, answers.body)}{self._watch.before(b' '.join(fields))}"
        elif self._check is not None:
            cause = self._judge(answers.status, answers.body)
        if cause is not None or latency > self._slow:
            self._bad(cause, latency, fields.get(SERVED_BY, b""))
        self.busy = False
        if answers.reusable and self.usable:
            self._used = now
            self._owner.freed(self, now)
        else:
            self.close()

    def _forget(self) -> None:
        if self._answers is not None:
            self._answers.close()
            self._answers = None

    def _judge(self, status: int, body: bytes) -> str | None:
        try:
            self._check(status, body)  # type: ignore[misc]  # asked before
        except Exception as error:  # noqa: BLE001 - whatever a check finds wrong is a failed sample
            return complaint(error)
        return None

    def _bad(self, cause: str | None, latency: float, who: bytes) -> None:
        """Say of an answer that is recorded why it failed, if it is not only slow, who gave it, and to what."""
        if cause is not None:
            self._recorder.failed(cause)
        if instance := instance_of(who.decode("latin-1")):
            self._recorder.gave(instance, latency, failed=cause is not None)
        self._recorder.traced(cause, latency, self._trace())
