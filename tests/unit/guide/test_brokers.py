"""The reader of the list of brokers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.guide import Broker, parse_brokers

HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{1,8}){0,3}", fullmatch=True),
    st.ip_addresses().map(str),
)
BROKERS = st.builds(Broker, HOSTS, st.integers(1, 65535))
BLANKS = st.text(" \t", max_size=3)


@given(st.lists(BROKERS, min_size=1, max_size=6, unique=True), st.data())
def test_blanks_never_matter(brokers: list[Broker], data: st.DataObject) -> None:
    """What is written with any blanks around each entry is read back as it was."""
    text = ",".join(f"{data.draw(BLANKS)}{broker}{data.draw(BLANKS)}" for broker in brokers)
    assert parse_brokers(text) == tuple(brokers)


@given(st.text(max_size=40))
def test_anything_is_read_or_refused(text: str) -> None:
    """Any text either gives brokers that are read back as they are, or a ValueError."""
    try:
        brokers = parse_brokers(text)
    except ValueError:
        return
    assert parse_brokers(", ".join(map(str, brokers))) == brokers


@pytest.mark.parametrize(
    "text", ["", ",", "a:1,", "a", "a:", ":1", "a:0", "a:65536", "a:x", "a:1, a:1", "a b:1", "::1:1"]
)
def test_what_is_not_a_list_of_brokers(text: str) -> None:
    """Empty entries, missing hosts, bad ports and repetitions are refused with their position."""
    with pytest.raises(ValueError, match=r"broker \d"):
        parse_brokers(text)
