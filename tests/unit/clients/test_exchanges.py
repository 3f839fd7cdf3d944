"""The record of what a check sent."""

from fixtures.clients.exchanges import Exchanges
from tests.unit.clients.make import exchange


def test_the_record_is_bounded_and_says_what_it_dropped() -> None:
    """Only the newest exchanges are kept, and how many older ones there were is told."""
    kept = Exchanges(kept=3)
    for number in range(10):
        kept.add(exchange(number))
    assert [one.operation_id for one in kept] == ["operation7", "operation8", "operation9"]
    assert kept.report().startswith("… 7 earlier …\n")


def test_the_report_ends_with_the_command_for_the_last() -> None:
    """A report shows the newest exchanges in order, and how to repeat the last."""
    kept = Exchanges()
    for number in range(5):
        kept.add(exchange(number))
    lines = kept.report(newest=2).splitlines()
    assert lines[0] == "… 3 earlier …"
    assert [line.split()[3] for line in lines[1:3]] == ["operation3", "operation4"]
    assert lines[-1].endswith("curl 4")


def test_nothing_sent_is_reported_as_nothing() -> None:
    """A check that sent nothing has nothing to show."""
    assert Exchanges().report() == ""
