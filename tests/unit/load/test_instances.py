"""The instance that a header names."""

from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import ServedBy, parse
from loadtests.instances import instance_of

SAID = st.builds(ServedBy, st.just("chat"), st.just("blue"), st.just("b"), st.text(st.characters(codec="ascii")))


@given(SAID.map(str) | st.text())
def test_what_is_not_said_well_names_nobody(header: str) -> None:
    """Nothing but what the contract reads in it, whatever comes."""
    try:
        expected = parse(header).instance
    except ContractError:
        expected = ""
    assert instance_of(header) == expected


def test_thousands_of_connections_share_one_name() -> None:
    """Each keeps whose it is, and who named itself is kept once."""
    header = 'websocket-signaling;slot=blue;build="b";instance="ws-%d"'
    assert len({id(instance_of(header % (number % 3))) for number in range(10_000)}) == 3
