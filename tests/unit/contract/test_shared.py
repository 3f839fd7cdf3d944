"""Types that several services share."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.shared import Id

_decode = msgspec.json.Decoder(Id).decode


@given(st.uuids())
def test_an_id_is_a_uuid_as_it_is_written(value: uuid.UUID) -> None:
    """The canonical form is taken, and no other of the same UUID."""
    text = str(value)
    assert _decode(msgspec.json.encode(text)) == text
    others = (text.upper(), value.hex, value.urn, f"{{{text}}}", f"{text}\n", f" {text}", text[:-1], f"{text}0")
    for other in others:
        if other != text:  # one without letters has no capitals
            with pytest.raises(msgspec.ValidationError):
                _decode(msgspec.json.encode(other))


@given(st.text("0123456789abcdef-", min_size=34, max_size=38))
def test_what_looks_like_an_id_is_one_or_is_not(text: str) -> None:
    """It is one if the standard library reads it and would write it so."""
    try:
        canonical = str(uuid.UUID(text)) == text
    except ValueError:
        canonical = False
    if canonical:
        assert _decode(msgspec.json.encode(text)) == text
    else:
        with pytest.raises(msgspec.ValidationError):
            _decode(msgspec.json.encode(text))
