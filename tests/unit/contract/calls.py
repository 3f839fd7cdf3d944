"""Every way to call the contract's functions: strategies for their arguments, and the operations they return."""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final, get_origin

from hypothesis import strategies as st

from fixtures.contract import (
    auth,
    chat,
    documents,
    friend_request,
    notification,
    otp,
    shared,
    user_profile,
    video_call_signaling,
    websocket_signaling,
)
from fixtures.contract.operation import Operation
from fixtures.contract.promises import PROMISES

Call = tuple[str, Callable[..., Operation[Any]]]

MODULES: Final[tuple[ModuleType, ...]] = (
    auth,
    user_profile,
    websocket_signaling,
    chat,
    friend_request,
    notification,
    video_call_signaling,
    otp,
)

_LIMITS: Final = PROMISES.limits
_IDS: Final = st.uuids().map(str)
_TEXT: Final = st.characters(codec="utf-8", exclude_categories=["Cs"])


def _text(low: int, high: int) -> st.SearchStrategy[str]:
    # Long texts are made of one character: what counts here is their length.
    return st.text(_TEXT, min_size=low, max_size=low + 8) | st.just("x" * high)


ARGUMENTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "email": st.from_regex(r"[a-z]{1,9}@synthetic\.example", fullmatch=True),
    "address": st.from_regex(r"[a-z]{1,9}@synthetic\.example", fullmatch=True),
    "password": _text(_LIMITS.password_min, _LIMITS.password_max),
    "display_name": _text(1, _LIMITS.display_name_max),
    "bio": _text(0, _LIMITS.bio_max),
    "phone": _text(1, _LIMITS.phone_max),
    "text": _text(1, _LIMITS.message_text),
    "file_name": _text(1, _LIMITS.file_name_max),
    "idempotency_key": st.from_regex(r"[\x21-\x7e]{1,64}", fullmatch=True),
    "access_expires_in": st.integers(1, PROMISES.logins.access_lifetime),
    "expires_in": st.integers(PROMISES.otps.shortest, PROMISES.otps.lifetime),
    "ring_timeout_s": st.integers(PROMISES.calls.ring_timeout_min, PROMISES.calls.ring_timeout_max),
    "limit": st.integers(1, _LIMITS.page_max),
    "cursor": _text(1, 512),
    "device": _text(1, 80),
    "proof": _text(1, 4096),
    "refresh_token": _text(1, 2048),
    "code": st.from_regex(r"[0-9]{6}", fullmatch=True),
    "run": st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    "content_type": st.sampled_from([*_LIMITS.avatar_types, *_LIMITS.recording_types]),
    "content_length": st.integers(1, _LIMITS.recording_bytes),
    "sha256": st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    "kind": st.sampled_from(["direct", "group"]),
    "direction": st.sampled_from(["incoming", "outgoing"]),
    "status": st.sampled_from(["pending", "accepted", "declined", "cancelled"]),
    "media": st.lists(st.sampled_from(["audio", "video"]), min_size=1, max_size=2, unique=True),
    "unread": st.booleans(),
    "member_ids": st.lists(_IDS, min_size=1, max_size=3, unique=True),
    "attachment_ids": st.lists(_IDS, max_size=_LIMITS.attachments_per_message, unique=True),
    **dict.fromkeys(("user_id", "to_user_id", "callee_id", "request_id", "conversation_id", "attachment_id"), _IDS),
    **dict.fromkeys(("call_id", "recording_id", "upload_id", "otp_id", "notification_id"), _IDS),
}


def functions() -> Iterator[Call]:
    """Every public function of the service modules, named, and the two that all services share."""
    for module in MODULES:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and get_origin(inspect.signature(function).return_annotation):
                yield f"{module.SERVICE}.{name}", function
    for service in documents.services():
        yield f"{service}.health", lambda service=service: shared.health(service)
        yield f"{service}.metrics", lambda service=service: shared.metrics(service)


@st.composite
def operations(draw: st.DrawFn, function: Callable[..., Operation[Any]]) -> Operation[Any]:
    """What `function` returns for arguments that its documents allow; optional ones are given or left out."""
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "service" or (parameter.default is not inspect.Parameter.empty and draw(st.booleans())):
            continue
        arguments[name] = draw(ARGUMENTS[name])
    return function(**arguments)
