"""Profiles for tests of arrivals, and strategies for their phases."""

from types import MappingProxyType
from typing import Final

from hypothesis import strategies as st

from loadtests.budgets.model import Budget
from loadtests.profiles.model import Arriving, Profile
from loadtests.profiles.phases import Segment, steady

MIX: Final = MappingProxyType({"browsing": 6, "chatting": 3, "calling": 1})


def profile(*phases: Segment, arrivals: Arriving = "poisson", seed: int = 1) -> Profile:
    return Profile(
        name="made",
        summary="made by a test",
        source="made.toml",
        arrivals=arrivals,
        phases=phases,
        mix=MIX,
        people=2,
        budget=Budget(()),
        seed=seed,
        called=frozenset(),
        measured=frozenset(),
    )


_lasts = st.floats(0.01, 20)
_rates = st.floats(0.5, 40)
_segments = st.one_of(
    st.builds(steady, _lasts, _rates),
    st.builds(Segment, _lasts, st.just(0.0), _rates),
    st.builds(Segment, _lasts, _rates, st.just(0.0)),
    st.builds(Segment, _lasts, _rates, _rates),
)
phases: st.SearchStrategy[tuple[Segment, ...]] = st.lists(_segments, min_size=1, max_size=6).map(tuple)
profiles: st.SearchStrategy[Profile] = st.builds(
    lambda some, arrivals, seed: profile(*some, arrivals=arrivals, seed=seed),
    phases,
    st.sampled_from(["constant", "poisson"]),
    st.integers(0, 2**63 - 1),
)
