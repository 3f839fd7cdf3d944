"""The engine's counts in Locust's own statistics, so that its web page, its CSV and its console show them.

Numbers of requests and failures are exact, in all and by second. Times are those of a histogram's buckets: within one
in 255, which is less than what Locust itself rounds them by. Sizes of answers are not counted.

Import it in a process of Locust only.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Final

from locust.stats import RequestStats, StatsEntry, StatsError, bucket_response_time

from fixtures.statistics.tally import Tally
from loadtests.counts import Counts

_MS: Final = 1000.0


def report(stats: RequestStats, counts: Counts, methods: Mapping[str, str]) -> None:
    """Add `counts` to `stats`; `methods` says under which request type each subject is shown."""
    for subject, tally in counts.tallies.items():
        piece = _entry(stats, subject, methods[subject], tally)
        for entry in (stats.entries[subject, methods[subject]], stats.total):
            entry.extend(piece)
    for (subject, cause), times in counts.causes.items():
        key = StatsError.create_key(methods[subject], subject, cause)
        error = stats.errors.setdefault(key, StatsError(methods[subject], subject, cause))
        error.occurred()  # sets the times
        error.occurrences += times - 1


@cache
def _in_milliseconds(lower: float, upper: float) -> tuple[float, int]:
    """The middle of a bucket, and what Locust rounds it to. Made once for each: a second has hundreds of them."""
    middle = (lower + upper) / 2 * _MS
    return middle, bucket_response_time(middle)


def _entry(stats: RequestStats, subject: str, method: str, tally: Tally) -> StatsEntry:
    entry = StatsEntry(stats, subject, method)
    entry.num_requests, entry.num_failures = tally.requests, tally.failed
    for second, (requests, failures, *_) in tally.seconds().items():
        entry.num_reqs_per_sec[second] = requests
        if failures:
            entry.num_fail_per_sec[second] = failures
        entry.last_request_timestamp = max(entry.last_request_timestamp or 0.0, float(second))
    total, middles = 0.0, []
    times = entry.response_times
    for lower, upper, count in tally.latencies.buckets():
        if upper == math.inf:
            entry.num_none_requests += count
            continue
        middle, shown = _in_milliseconds(lower, upper)
        times[shown] += count
        total += middle * count
        middles.append(middle)
    if middles:
        entry.min_response_time, entry.max_response_time = round(middles[0]), round(middles[-1])
    entry.total_response_time = round(total)
    return entry
