"""What people write, where they can be reached and what opens something is in no message of a check."""

import importlib
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import fixtures.contract
from fixtures.checks import CheckFailure, eventually, match, must
from fixtures.contract import auth, chat, frames, notification, otp, user_profile
from fixtures.contract.chat import Message
from fixtures.contract.discreet import Discreet
from fixtures.contract.frames import Event
from fixtures.contract.shared import Page
from tests.unit.checks.clock import ManualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AN_ID = "00000000-0000-4000-8000-000000000000"
AFFAIRS = frozenset(
    {
        *("text", "bio", "display_name", "file_name", "sdp", "candidate", "username", "username_fragment"),
        *("email", "phone", "to", "access_token", "refresh_token", "code", "proof", "credential"),
        *("url", "download_url"),
    }
)
"""Names of fields that no message shows, whatever record they are of."""
OTHER_MEANINGS: dict[type[Struct], frozenset[str]] = {
    # Records themselves, which hide what is in them, and the kinds of errors.
    **dict.fromkeys((frames.RelayedCandidate, frames.Candidate), frozenset({"candidate"})),
    **dict.fromkeys((frames.SocialError, frames.CallError), frozenset({"code"})),
}
RECORDS = [
    kind
    for module in pkgutil.iter_modules(fixtures.contract.__path__, "fixtures.contract.")
    for kind in vars(importlib.import_module(module.name)).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind.__module__ == module.name
]
STRANGERS = st.text(alphabet="äbcdefghijklmnopqrstuvwxyz @+'\\\n", min_size=8, max_size=300).map("é".__add__)
"""What somebody wrote, so that none of it is part of what else a message says."""


def _message(text: str) -> Message:
    return Message(AN_ID, AN_ID, AN_ID, 1, text, (), NOW)


def _event(text: str) -> Event:
    message = {"message_id": AN_ID, "conversation_id": AN_ID, "sender_id": AN_ID, "seq": 1, "text": text}
    name = "message.created" if len(text) % 2 else "moon.rose"
    return Event("1-0", name, NOW, {**message, "attachment_ids": [], "sent_at": NOW.isoformat()})


MADE: list[Callable[[str], object]] = [
    _message,
    _event,
    lambda text: user_profile.OwnProfile(AN_ID, text, text, text, text, None, NOW, 1),
    lambda text: user_profile.Profile(AN_ID, text, text, None),
    lambda text: auth.Account(AN_ID, text, "active", text, None, NOW),
    lambda text: auth.Tokens(text, "Bearer", 900, text, 900, AN_ID, AN_ID),
    lambda text: otp.Proof(AN_ID, text, NOW),
    lambda text: notification.Mail(AN_ID, text, "otp", AN_ID, text, NOW),
    lambda text: chat.AttachmentDownload(AN_ID, AN_ID, text, "text/plain", 1, "0" * 64, "stored", text, NOW),
    lambda text: frames.RelayedCandidate(AN_ID, frames.IceCandidate(text, "0", 0, text), AN_ID),
]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__qualname__)
def test_every_field_that_is_somebodys_own_affair_is_private(kind: type[Struct]) -> None:
    """A record of the contract hides each of its fields that has the name of something private."""
    fields = AFFAIRS.intersection(kind.__struct_fields__) - OTHER_MEANINGS.get(kind, frozenset())
    assert fields <= getattr(kind, "PRIVATE", frozenset())


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made("x")).__name__)
@given(text=STRANGERS)
def test_no_message_shows_what_a_stranger_wrote(made: Callable[[str], object], text: str) -> None:
    """However a check looks at a record, its failure tells nothing of what is private in it."""
    record = made(text)
    for value, expectation in (
        (record, match.absent()),
        ((record,), match.equals([])),
        ([record], match.contains_none(match.present())),
        (Page((record,), None), match.has(items=match.empty())),
        ({"a": record}, match.has(a=match.each("x"))),
        (record, match.equals(made("else"))),
    ):
        with pytest.raises(CheckFailure) as failure:
            must(value, expectation, subject="what a stranger sees")
        assert "é" not in str(failure.value)
    with pytest.raises(CheckFailure) as failure:
        eventually(lambda: record, match.absent(), within=1, clock=ManualClock())
    assert "é" not in str(failure.value)


@given(text=STRANGERS, wanted=st.text(max_size=300))
def test_a_private_field_that_is_wrong_tells_what_was_expected_and_no_more(text: str, wanted: str) -> None:
    """Of a field that is not as expected, a failure tells what the check wanted, and of what was there its length."""
    with pytest.raises(CheckFailure) as failure:
        must(_message(text), match.has(text=f"{wanted}z"), subject="the message")
    assert f"<{len(text)} characters #" in failure.value.got
    assert "é" not in failure.value.got


def test_a_record_shows_what_is_nobodys_affair() -> None:
    """Ids, numbers and times are shown, also those of a subclass of a discreet record."""
    assert f"message_id='{AN_ID}', " in repr(_message("x"))
    assert "phone=None" in repr(user_profile.OwnProfile(AN_ID, "x", "x", "x", None, None, NOW, 1))
    assert "content_length=1" in repr(chat.AttachmentDownload(AN_ID, AN_ID, "x", "y", 1, "0", "stored", "z", NOW))
    assert repr(_message("same")) == repr(_message("same")) != repr(_message("else"))
    assert issubclass(Event, Discreet)


def test_tokens_are_compared_without_being_shown() -> None:
    """What two sessions have in common is told by name."""
    one = auth.Tokens("a", "Bearer", 1, "r", 1, AN_ID, AN_ID)
    other = auth.Tokens("b", "Bearer", 1, "r", 1, AN_ID, AN_ID)
    assert one.in_common_with(other) == ("refresh_token",)
    assert one.in_common_with(one) == ("access_token", "refresh_token")
