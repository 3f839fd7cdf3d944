"""Profiles for tests of arrivals, and strategies for their phases."""

from types import MappingProxyType
from typing import Final

from hypothesis import strategies as st

from loadtests.budgets.model import Budget
from loadtests.profiles.model import Arriving, Profile
from loadtests.profiles.phases import Phase, Ramp, Spike, Steady

MIX: Final = MappingProxyType({"browsing": 6, "chatting": 3, "calling": 1})


def profile(*phases: Phase, arrivals: Arriving = "poisson", seed: int = 1) -> Profile:
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
phases: st.SearchStrategy[Phase] = st.one_of(
    st.builds(Steady, _lasts, _rates),
    st.builds(Ramp, _lasts, st.just(0.0), _rates),
    st.builds(Ramp, _lasts, _rates, st.just(0.0)),
    st.builds(Ramp, _lasts, _rates, _rates),
    st.builds(Spike, st.just(10.0), _rates, st.floats(41, 80), st.floats(0.1, 9.9)),
)
profiles: st.SearchStrategy[Profile] = st.builds(
    lambda some, arrivals, seed: profile(*some, arrivals=arrivals, seed=seed),
    st.lists(phases, min_size=1, max_size=4),
    st.sampled_from(["constant", "poisson"]),
    st.integers(0, 2**63 - 1),
)
