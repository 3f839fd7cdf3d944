"""The record of what a check sent."""

from unittest.mock import Mock

import pytest

from fixtures.clients.exchanges import Exchanges
from fixtures.contract import auth
from tests.unit.clients.make import exchange, transport


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


def test_an_exchange_that_was_interrupted_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends a run looks for what it was waiting for then."""
    sender = transport("http://127.0.0.1:1")
    monkeypatch.setattr(sender, "_receive", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        sender.send(auth.key_set())
    assert [exchange.outcome for exchange in sender.exchanges] == ["interrupted"]
