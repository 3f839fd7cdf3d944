"""Which users the profile needs in each process of a run."""

from loadtests.profiles.model import Profile
from loadtests.session import part


def users_of(profile: Profile, share: int, of: int) -> dict[str, int]:
    """User class to how many of it process `share` of `of` runs; without those of which it runs none."""
    users = {
        "OpenVisitors": int(profile.open and bool(profile.mix)),
        "ClosedVisitor": 0 if profile.open else part(profile.users, share, of),
        "RateUser": int(bool(profile.rates)),
        "IdleConnections": int(bool(profile.connections)),
    }
    return {name: count for name, count in users.items() if count}
