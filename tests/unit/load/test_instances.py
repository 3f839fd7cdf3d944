"""The instance that a header names."""

from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import ServedBy, parse
from loadtests import instances
from loadtests.instances import instance_of
from loadtests.said import LONGEST, cut

SAID = st.builds(ServedBy, st.just("chat"), st.just("blue"), st.just("b"), st.text(st.characters(codec="ascii")))


@given(SAID.map(str) | st.text())
def test_what_is_not_said_well_names_nobody(header: str) -> None:
    """Nothing but what the contract reads in it, whatever comes."""
    try:
        expected = cut(parse(header).instance)
    except ContractError:
        expected = ""
    assert instance_of(header) == expected


def test_thousands_of_connections_share_one_name() -> None:
    """Each keeps whose it is, and who named itself is kept once."""
    header = 'websocket-signaling;slot=blue;build="b";instance="ws-%d"'
    assert len({id(instance_of(header % (number % 3))) for number in range(10_000)}) == 3


def test_long_names_fill_no_memory() -> None:
    """Each idle connection keeps one, and headers that were read once are kept, too."""
    before = instances._known.cache_info().currsize
    for number in range(3):
        name = instance_of(f'chat;slot=blue;build="b";instance="{"c" * 60_000}{number}"')
        assert (len(name), name[:9]) == (LONGEST, "ccccccccc")
    assert instances._known.cache_info().currsize == before
