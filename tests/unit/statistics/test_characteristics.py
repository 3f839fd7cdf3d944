"""What the sequential tests promise, computed exactly: no simulation, every path followed."""

import math
import re
from itertools import product
from pathlib import Path

import pytest

from fixtures.statistics.characteristics import characteristics
from fixtures.statistics.sequential import TABLE_ROWS, Decision, ShareTest

ERRORS = ShareTest(0.01, below=0.02)
SLOW = ShareTest(0.05, below=0.10)


@pytest.mark.parametrize(
    ("share", "mean"), [(0.02, 2_320), (0.05, 217), (0.10, 61.6), (0.50, 6), (1.0, 2)], ids=lambda value: f"{value:g}"
)
def test_bad_shares_are_rejected_soon(share: float, mean: float) -> None:
    """Limit 1 %: 5 % errors are rejected within 217 requests on average, 50 % within 6, a total outage within 2."""
    result = characteristics(ERRORS, share)
    assert result.reject >= 0.999
    assert result.mean <= mean


@pytest.mark.parametrize(("share", "mean"), [(0.001, 491), (0.0, 400)])
def test_good_shares_are_accepted_soon(share: float, mean: float) -> None:
    """Limit 1 %: 0.1 % errors are accepted (less than 2 % proven) within 491 requests on average."""
    result = characteristics(ERRORS, share)
    assert result.accept >= 0.999
    assert result.mean <= mean


@pytest.mark.parametrize("test", [ERRORS, SLOW], ids=["errors", "slow"])
def test_false_verdicts_are_rarer_than_one_in_a_thousand(test: ShareTest) -> None:
    """Looking after every request, at the edge of the limit NO-GO, and at the edge of twice the limit GO, <= 0.001."""
    assert characteristics(test, test.limit).reject <= 0.001
    assert characteristics(test, test.below).accept <= 0.001


@pytest.mark.parametrize("test", [ERRORS, SLOW], ids=["errors", "slow"])
def test_never_stopping_on_good_news_alarms_no_more(test: ShareTest) -> None:
    """Somebody who keeps looking for as long as 20,000 requests at the limit itself is alarmed in <= 0.001."""
    assert characteristics(test, test.limit, horizon=20_000, accepting=False).reject <= 0.001


@pytest.mark.parametrize(
    ("share", "mean", "rejects"),
    [
        (1.0, 4, 1),
        (0.5, 11, 1),
        (0.2, 63, 1),
        (0.1, 420, 1),
        (0.05, 482, 0),
        (0.02, 150, 0),
        (0.01, 108, 0),
        (0, 78, 0),
    ],
)
def test_the_latency_limit_is_decided_soon(share: float, mean: float, rejects: int) -> None:
    """At most 5 % over 1 s: mean requests until decided, for what share is really over it."""
    result = characteristics(SLOW, share)
    assert result.mean <= mean
    assert (result.reject if rejects else result.accept) >= 0.999


def test_nothing_stays_undecided() -> None:
    """Where twice the limit may be accepted the tables close; where only less than the limit may, they do not."""
    assert _closes_at(ERRORS) == 10_914
    assert _closes_at(SLOW) is not None
    assert _closes_at(ShareTest(0.01)) is None
    assert characteristics(ERRORS, 0.014).unfinished < 1e-12


def _closes_at(test: ShareTest) -> int | None:
    return next((n for n in range(1, TABLE_ROWS) if test.reject_from(n) <= test.accept_to(n) + 1), None)


def test_it_counts_paths_as_enumeration_does() -> None:
    """For few requests every single path is followed by hand, and the sums agree."""
    test, share, horizon = ShareTest(0.3, alpha=0.2, beta=0.2), 0.4, 12
    reject = accept = mean = 0.0
    for path in product((False, True), repeat=horizon):
        probability = math.prod(share if bad else 1 - share for bad in path)
        stop, decision = horizon, Decision.UNDECIDED
        for n in range(1, horizon + 1):
            decision = test.decide(n, sum(path[:n]))
            if decision is not Decision.UNDECIDED:
                stop = n
                break
        reject += probability * (decision is Decision.REJECT)
        accept += probability * (decision is Decision.ACCEPT)
        mean += probability * stop
    result = characteristics(test, share, horizon=horizon)
    assert (result.reject, result.accept, result.mean) == pytest.approx((reject, accept, mean))
    assert result.unfinished == pytest.approx(1 - reject - accept)


def test_quantiles_are_of_the_time_to_decide() -> None:
    """Half of all runs are decided by the median, and what is not reached is None."""
    result = characteristics(ERRORS, 0.05, horizon=500, quantiles=(0.5, 0.999))
    assert result.quantiles[0.999] is None
    assert characteristics(ERRORS, 0.05, horizon=result.quantiles[0.5] or 0).unfinished <= 0.5


@pytest.mark.parametrize(("share", "horizon"), [(-0.1, 10), (1.1, 10), (0.5, 0), (0.5, 1 << 20)])
def test_what_cannot_be_computed_is_refused(share: float, horizon: int) -> None:
    """Shares are shares, and the horizon ends with the tables."""
    with pytest.raises(ValueError, match="between"):
        characteristics(ERRORS, share, horizon=horizon)


def test_the_documentation_prints_what_is_computed() -> None:
    """Every row of the page on statistics is what the test does, to the digits printed."""
    page = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text("utf-8")
    rows = [line.strip("| \n").split(" | ") for line in page.splitlines() if re.match(r"\| \d+(\.\d+)? % \|", line)]
    assert len(rows) == 17
    for index, (share, decision, *cells) in enumerate(rows):
        result = characteristics(ERRORS if index < 9 else SLOW, float(share.removesuffix(" %")) / 100)
        assert decision == ("reject" if result.reject > 0.5 else "accept")
        wrong = min(result.reject, result.accept)
        quantiles = [f"{result.quantiles[quantile]:,}" for quantile in (0.5, 0.95, 0.999)]
        assert cells == [f"{result.mean:,.1f}", *quantiles, f"{wrong:.1g}"]
