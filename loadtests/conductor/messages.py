"""What the leader and the members of a run say to each other; plain values, so that they cross processes and machines.

Times are seconds; `wall` is what `loadtests.clock.wall` says where the message was written.
"""

from typing import Final, TypeAlias

import msgspec


class Letter(msgspec.Struct, frozen=True):
    """What all have in common."""

    run: str
    """Which run it is about: what comes late from an earlier one is none of the next."""


class Prepare(Letter, tag=True, frozen=True, kw_only=True):
    """Leader: be part of this run, and make your people."""

    folder: str
    profile: str
    """Where the profile is read from: its name, or a path that must exist at the member, too."""
    digest: str
    """Of the profile's and the environment's files as the leader has read them, so that nobody runs another version."""
    environment: str
    """Where the environment is read from, likewise."""
    rate: float
    lasting: float | None
    share: int
    of: int


class Ping(Letter, tag=True, frozen=True):
    """Leader: what time is it at yours? `sent` by the leader's `time.monotonic`."""

    sent: float


class Go(Letter, tag=True, frozen=True):
    """Leader: offset 0 of the schedule is at `at`, by the member's own clock."""

    at: float


class End(Letter, tag=True, frozen=True):
    """Leader: start nothing more, give what is in flight `drain` seconds, report, and remove your people."""

    drain: float
    early: bool = False
    """Before the schedule is over; otherwise what it asks for by then is still begun, by the member's own clock."""


class Pong(Letter, tag=True, frozen=True):
    """Member: the answer to a ping."""

    sent: float
    wall: float


class Ready(Letter, tag=True, frozen=True):
    """Member: its people are made, and its users wait."""

    people: int


class Unable(Letter, tag=True, frozen=True):
    """Member: it cannot take part, and why."""

    why: str


class Report(Letter, tag=True, frozen=True, kw_only=True):
    """Member: what is new since the last report, every second."""

    number: int
    """From 0; the leader knows by it that none is missing."""
    before: int
    """All that ended in seconds earlier than this is reported."""
    counts: bytes
    """`Counts.encode`."""
    loop: bytes
    """`Histogram.encode`: how late the event loop came round."""
    own_loops: bytes
    """Likewise those that works have of their own, apart: one that is on time must not make another's lag rarer."""
    cpu: float
    """Processor seconds that the process used."""
    elapsed: float
    """In how many seconds."""
    drift: float
    """How far its machine's clock was set since `Go`: against a clock that nobody can set."""
    missing: int
    """Users of the profile that have not begun here: what they are to send is asked for by nobody yet."""
    sightings: list[tuple[str, str]]
    """(service, value of X-Served-By) that it has not reported before."""


class Done(Letter, tag=True, frozen=True):
    """Member: that was all."""

    reports: int
    unfinished: int
    """What was in flight when the time to drain was over, and was counted as failed."""
    left: str
    """What of its people it could not remove; empty if nothing."""
    notes: list[str] = []
    """What else a reader of the report should know."""


class Leaving(Letter, tag=True, frozen=True):
    """Member: it ends on its own account."""

    why: str


FromLeader: TypeAlias = Prepare | Ping | Go | End
FromMember: TypeAlias = Pong | Ready | Unable | Report | Done | Leaving

TO_MEMBERS: Final = "verification: to members"
TO_LEADER: Final = "verification: to leader"
_from_leader: Final[msgspec.msgpack.Decoder[FromLeader]] = msgspec.msgpack.Decoder(FromLeader)
_from_member: Final[msgspec.msgpack.Decoder[FromMember]] = msgspec.msgpack.Decoder(FromMember)


def encode(message: FromLeader | FromMember) -> bytes:
    """The message for the way."""
    return msgspec.msgpack.encode(message)


def from_leader(data: bytes) -> FromLeader:
    """What the leader said; raises `msgspec.MsgspecError` for anything else."""
    return _from_leader.decode(data)


def from_member(data: bytes) -> FromMember:
    """What a member said; raises `msgspec.MsgspecError` for anything else."""
    return _from_member.decode(data)
