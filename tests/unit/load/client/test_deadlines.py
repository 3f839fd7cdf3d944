"""Time limits of many with one timer."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from loadtests.client.deadlines import Deadlines

LIMIT = 10.0


class World:
    """A clock, one timer, and who was told that the time is up, and when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rings: list[tuple[float, Callable[[], None]]] = []
        self.told: dict[int, float] = {}
        self.deadlines = Deadlines(LIMIT, self.ring_in, lambda: self.now)

    def ring_in(self, seconds: float, ring: Callable[[], None]) -> object:
        self.rings.append((self.now + seconds, ring))
        assert len(self.rings) == 1
        return self

    def passes(self, until: float) -> None:
        while self.rings and self.rings[0][0] <= until:
            self.now, ring = self.rings.pop()
            ring()
        self.now = until


class Waiter:
    """Somebody who waits."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number

    def throw(self, error: BaseException) -> None:
        assert isinstance(error, TimeoutError)
        self.world.told[self.number] = self.world.now
        self.world.deadlines.leave(self)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 30)), max_size=30))
def test_each_is_told_at_its_time_or_not_at_all(waits: list[tuple[float, float]]) -> None:
    """Who leaves in time is not told, everybody else exactly when the time is up, by one timer."""
    world, now, waiters, leaving = World(), 0.0, [], []
    for number, (pause, stay) in enumerate(waits):
        now += pause
        waiters.append((now, Waiter(world, number)))
        leaving.append((now + stay, number))
    steps = sorted([(at, "enter", number) for number, (at, _) in enumerate(waiters)])
    steps = sorted([*steps, *((at, "leave", number) for at, number in leaving)])
    for at, what, number in steps:
        world.passes(at)
        if what == "enter":
            world.deadlines.enter(waiters[number][1], world.now)
        elif number not in world.told:
            world.deadlines.leave(waiters[number][1])
    world.passes(now + 100)
    for number, ((began, _), (_, stay)) in enumerate(zip(waiters, waits, strict=True)):
        if stay < LIMIT - 1e-6:
            assert number not in world.told
        elif stay > LIMIT + 1e-6:
            assert abs(world.told[number] - began - LIMIT) < 1e-6
    assert len(world.deadlines) == 0
    assert not world.rings


def test_who_begins_to_wait_as_others_are_told_has_the_same_timer() -> None:
    """Who was told that the time is up may ask again at once: there is one timer then as before."""

    class Again(Waiter):
        def throw(self, error: BaseException) -> None:
            super().throw(error)
            world.deadlines.enter(Waiter(world, self.number + 10), world.now)

    world = World()
    for number in range(3):
        world.deadlines.enter(Again(world, number), 0.0)
    world.passes(LIMIT)
    assert world.told == dict.fromkeys(range(3), LIMIT)
    assert len(world.rings) == 1
    world.passes(2 * LIMIT)
    assert world.told == {**dict.fromkeys(range(3), LIMIT), **dict.fromkeys(range(10, 13), 2 * LIMIT)}
    world.deadlines.enter(Waiter(world, 20), world.now)
    world.passes(3 * LIMIT)
    assert world.told[20] == 3 * LIMIT
    assert not world.rings
