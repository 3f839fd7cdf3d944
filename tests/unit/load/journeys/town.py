"""As much of a platform as journeys need, in memory and without waiting: what is wrong with it, each test says."""

from __future__ import annotations

import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import gevent
import msgspec

from fixtures.clients.exchanges import Exchanges
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.clients.world import World
from fixtures.contract import auth, chat, notification, otp
from fixtures.contract import video_call_signaling as signaling
from fixtures.contract.shared import Page
from fixtures.contract.user_profile import OwnProfile
from fixtures.contract.websocket_signaling import Presence
from loadtests.journeys.browsing import Seen
from loadtests.kinds import TRACE
from loadtests.people import Visitor
from loadtests.people.newcomers import Newcomers
from tests.unit.clients.make import environment
from tests.unit.clients.platform import Book
from tests.unit.load.journeys.device import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.clients.person import Person
    from fixtures.contract.operation import Operation
    from loadtests.failure import Failure
    from loadtests.journeys import Journey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_TEXT = "2026-01-01T00:00:00.000Z"
T = TypeVar("T")
Answers = Callable[["Operation[Any]"], object]
_numbers = itertools.count(1)


def an_id() -> str:
    return str(UUID(int=next(_numbers)))


def tokens(user_id: str, *, expires_in: int = 900, access: str = "access") -> auth.Tokens:
    return auth.Tokens(access, "Bearer", expires_in, f"refresh {access}", 900, user_id, an_id())


@dataclass
class Client:
    """Sends to the town, and counts as the real one does."""

    town: Town
    token: str | None = None
    closed: bool = False
    trace: str = ""

    def send(self, operation: Operation[T], *, since: float | None = None) -> T:
        self.town.asked.append((operation.label, since))
        trouble = self.town.trouble[operation.label]
        failure = trouble.popleft() if trouble else None
        self.town.counts(operation.method, operation.label, failure, self.trace)
        if failure is not None:
            raise failure
        answer = self.town.answers.get(operation.label)
        return cast("T", answer and answer(operation))

    def close(self) -> None:
        self.closed = True


@dataclass
class Town:
    """The platform and everything that people use to reach it."""

    samples: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, float | None]] = field(default_factory=list)
    trouble: defaultdict[str, deque[Failure | None]] = field(default_factory=lambda: defaultdict(deque))
    """Label to the failures of its next requests; None is a good answer."""
    devices: list[Device] = field(default_factory=list)
    copies: Iterator[int] = field(default_factory=lambda: itertools.repeat(1))
    """How often each next message reaches the friend's phone."""
    greeting: bool = True
    greets: Callable[[str], str] = lambda user_id: user_id
    """Whom a welcome names to whoever has come."""
    last_event_id: str | None = "7"
    on_frame: Callable[[Device, dict[str, Any]], dict[str, Any] | None] = lambda _device, frame: frame
    """What becomes of a frame on its way; None for lost."""
    at_closing: Callable[[], None] = lambda: None
    """What happens while a device leaves."""
    call_state: str = "ringing"
    steps: tuple[str, ...] = ("ringing", "accepted", "ended")
    """Steps of a call that are told."""
    on_step: Callable[[dict[str, Any]], dict[str, Any]] = lambda call: call
    """How a step tells of the call."""
    said: list[chat.Message] = field(default_factory=list)
    """All messages of the conversation."""
    mails: int = 1
    """Looks into an inbox until the mail is there."""

    def __post_init__(self) -> None:
        self.answers: dict[str, Answers] = {
            "auth registerAccount": self._registration,
            "otp issueOtp": lambda _: otp.Issued(self.otp_id, "registration", NOW, 5),
            "notification listSyntheticMail": self._mail,
            "otp verifyOtp": lambda _: otp.Proof(self.otp_id, "proof", NOW),
            "auth activateAccount": lambda operation: auth.Activation(operation.path.split("/")[-2], "active"),
            "auth issueTokens": lambda operation: tokens(self._owner(operation), access="newcomer's"),
            "user-profile getOwnProfile": lambda _: OwnProfile(
                self.users["alice"], "Alice", "", self.world.newcomer("alice").identity.email, None, None, NOW, 1
            ),
            "user-profile getProfile": lambda _: Seen(self.users["bob"], "Bob (verification)", "", None),
            "websocket-signaling getPresence": lambda _: Presence(self.users["bob"], "offline", None),
            "chat listConversations": lambda _: Page(
                (chat.Conversation(self.conversation_id, "direct", tuple(self.users.values()), NOW),), None
            ),
            "chat listMessages": self._history,
            "chat sendMessage": self._message,
            "notification listNotifications": lambda _: Page(tuple(self.told(self.users["bob"])), None),
            "video-call-signaling createCall": self._call,
            "video-call-signaling acceptCall": lambda _: self._goes_on("accepted"),
            "video-call-signaling hangUpCall": lambda _: self._goes_on("ended"),
        }
        self._registered: dict[str, str] = {}
        self.otp_id = an_id()
        self.conversation_id = an_id()
        self.call_id = an_id()
        self.book = Book()
        transport = Transport(environment("http://127.0.0.1:9"), run_id="run", witness=Witness(), exchanges=Exchanges())
        self.world = World("load-0", transport, self.book, lambda: "key")
        self.newcomers = Newcomers(self.world)

    # --- what people use: `Equipment`

    def fire(self, **sample: object) -> None:
        self.samples.append(sample)

    def client(self) -> Client:
        return Client(self)

    quiet_client = client

    def new_trace(self) -> str:
        return an_id()

    def opens(self, path: str, subprotocol: str, token: str, since: float | None, trace: str) -> Device:
        trouble = self.trouble["connection"]
        failure = trouble.popleft() if trouble else None
        self.asked.append(("connection", since))
        self.counts("WS", "connection", failure, trace)
        if failure is not None:
            raise failure
        device = Device(self, path, token)
        self.devices.append(device)
        welcome = {"type": "welcome", "user_id": self.greets(self.users[token]), "connection_id": "c"}
        if self.greeting and subprotocol == signaling.SUBPROTOCOL:
            device.gets({**welcome, "vanish_grace_s": 10})
        elif self.greeting:
            device.gets({**welcome, "heartbeat_s": 20, "last_event_id": self.last_event_id})
        return device

    def counts(self, kind: str, name: str, failure: Failure | None, trace: str) -> None:
        self.fire(request_type=kind, name=name, response_time=1.0, exception=failure, context={TRACE: trace})

    # --- what the tests ask

    def person(self, noun: str) -> Person:
        person = self.world.newcomer(noun)
        person.becomes(an_id())
        person.holds(tokens(person.user_id, access=noun))
        return person

    def visitor(self) -> Visitor:
        visitor = Visitor(
            person=self.person("alice"),
            friend=self.person("bob"),
            conversation_id=self.conversation_id,
            client=self.client(),
            friends_client=self.client(),
            equipment=self,
            synthetic_key=lambda: "key",
            newcomers=self.newcomers,
        )
        visitor.sets_out()
        return visitor

    def is_left(self, journey: Journey) -> None:
        """Somebody walks until there is something to wait for, and the walk is ended there."""
        walking = gevent.spawn(journey.run, self.visitor(), time.perf_counter())
        gevent.sleep(0)
        walking.kill()

    def counted(self, subject: str) -> list[tuple[bool, str]]:
        """Of each sample: whether it has a latency, and its cause."""
        return [
            (sample["response_time"] is not None, "" if sample["exception"] is None else sample["exception"].cause)
            for sample in self.samples
            if sample["name"] == subject
        ]

    @property
    def labels(self) -> list[str]:
        return [label for label, _ in self.asked]

    # --- how it answers

    def hears(self, device: Device, frame: dict[str, Any]) -> None:
        sent = self.on_frame(device, frame)
        if sent is None:
            return
        match sent["type"]:
            case "ping":
                device.gets({"type": "pong", "nonce": sent["nonce"]})
            case "resume":
                device.gets({"type": "resumed", "replayed": 0})
            case "offer" | "answer" | "candidate":
                other = next(each for each in self.devices if each is not device)
                other.gets({**sent, "from_user_id": self.users[device.owner]})
            case _:
                device.gets(sent)

    @property
    def users(self) -> dict[str, str]:
        """Token to the person it belongs to."""
        return {name: self.world.newcomer(name).user_id for name in ("alice", "bob")}

    def _mail(self, _: object) -> Page[notification.Mail]:
        self.mails -= 1
        if self.mails > 0:
            return Page((), None)
        newest = next(reversed(self._registered))
        return Page((notification.Mail(an_id(), newest, "otp", self.otp_id, "123456", NOW),), None)

    def _message(self, operation: Operation[Any]) -> chat.Message:
        message = self._said(json.loads(operation.content or b"")["text"])
        for _ in range(next(self.copies)):
            self.arrives(message)
        return message

    def _history(self, operation: Operation[Any]) -> Page[chat.Message]:
        said, after = self.said or [self._said("hello")], int(operation.query.get("cursor", 0))
        return Page(tuple(said[after : after + 50]), str(after + 50) if len(said) > after + 50 else None)

    def _said(self, text: str) -> chat.Message:
        number = len(self.said) + 1
        self.said.append(chat.Message(an_id(), self.conversation_id, self.users["alice"], number, text, (), NOW))
        return self.said[-1]

    def _registration(self, operation: Operation[Any]) -> auth.Registration:
        email = json.loads(operation.content or b"")["email"]
        self._registered[email] = an_id()
        return auth.Registration(self._registered[email], email, "pending", NOW)

    def _owner(self, operation: Operation[Any]) -> str:
        return self._registered[json.loads(operation.content or b"")["email"]]

    @staticmethod
    def told(whose: str) -> list[notification.Notification]:
        """One notification of each kind, of what that person did."""
        return [
            notification.FriendRequested(an_id(), NOW, None, notification.FriendData(an_id(), whose)),
            notification.FriendAccepted(an_id(), NOW, None, notification.FriendData(an_id(), whose)),
            notification.MessageReceived(an_id(), NOW, None, notification.MessageData(an_id(), an_id(), whose)),
            notification.CallMissed(an_id(), NOW, None, notification.MissedCallData(an_id(), whose)),
        ]

    def arrives(self, message: object) -> None:
        """The phone that was connected last hears of a message."""
        data = msgspec.to_builtins(message)
        event = {"type": "event", "id": "8", "event": "message.created", "at": NOW_TEXT, "data": data}
        self.devices[-1].gets(event)

    def _call(self, _: object) -> signaling.Call:
        if self.call_state != "ended":
            return self._goes_on("ringing")
        return msgspec.convert(self.shown("ended") | {"end_reason": "busy"}, signaling.Call)

    def _goes_on(self, event: str) -> signaling.Call:
        self.tell(event)
        return msgspec.convert(self.shown(event), signaling.Call)

    def shown(self, state: str) -> dict[str, Any]:
        """The call as it is shown in a state."""
        people = self.users
        return {
            "call_id": self.call_id,
            "caller_id": people["alice"],
            "callee_id": people["bob"],
            "media": ["audio", "video"],
            "state": state,
            "end_reason": "hangup" if state == "ended" else None,
            "ring_timeout_s": 45,
            "created_at": NOW_TEXT,
            "accepted_at": None,
            "ended_at": None,
        }

    def tell(self, event: str, device: Device | None = None) -> None:
        """Tell a step of the call to whom it concerns, or to one device."""
        if event not in self.steps:
            return
        concerned = self.devices if event == "ended" else [self.devices[event == "ringing"]]
        for each in concerned if device is None else [device]:
            each.gets({"type": "call", "event": event, "call": self.on_step(self.shown(event))})
