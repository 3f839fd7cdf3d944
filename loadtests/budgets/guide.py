"""The numbers that `guide` stands for in a budget, taken from the guide."""

from decimal import Decimal

from fixtures.guide.model import Guide
from loadtests.budgets.model import GuideNumbers


def numbers(guide: Guide) -> GuideNumbers:
    """What the guide's alerts say of latency and errors (LOD-01, LOD-02), and the strictest availability (SVC-05).

    Raises `LookupError` where the guide does not say it in seconds of requests and per cent.
    """
    slow, errors = guide.threshold("response-time", "seconds"), guide.threshold("error-rate", "percent")
    if slow.of_requests_percent is None:
        raise LookupError("the guide does not say of how many requests the response time is")
    return GuideNumbers(
        slow=Decimal(str(slow.limit)),
        slow_share=Decimal(str(slow.of_requests_percent)),
        error_share=Decimal(str(errors.limit)),
        availability=max(Decimal(str(entry.sla_percent)) for entry in guide.service_entries),
    )
