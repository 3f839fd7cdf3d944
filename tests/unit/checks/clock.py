"""A clock that passes only when somebody sleeps."""


class ManualClock:
    def __init__(self, start: float = 1_000.0) -> None:
        self.time = start
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, /) -> None:
        assert seconds >= 0
        self.pauses.append(seconds)
        self.time += seconds
