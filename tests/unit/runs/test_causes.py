from hypothesis import given
from hypothesis import strategies as st

from fixtures.runs.causes import NEEDS, PUBLIC_ADDRESS, Failure, HealthReading, Kind, State, collapse, needed_by

SERVICES = st.sampled_from(sorted(NEEDS))
FAILURES = st.lists(
    st.builds(
        Failure,
        check=st.sampled_from([f"suites/smoke/test_x.py::test_{n}" for n in range(6)]),
        phase=st.sampled_from(["setup", "call", "teardown"]),
        summary=st.just("it"),
        kind=st.sampled_from(Kind),
        service=st.none() | SERVICES,
        judges=st.none() | SERVICES,
        touched=st.frozensets(SERVICES, max_size=3),
    ),
    max_size=12,
)
HEALTH = st.lists(
    st.builds(
        HealthReading,
        SERVICES,
        st.sampled_from(State),
        st.just("said so"),
        st.lists(st.sampled_from(["postgres", "redis"]), max_size=1).map(tuple),
    ),
    max_size=8,
    unique_by=lambda reading: reading.service,
)


def failure(check: str, service: str | None, kind: Kind = Kind.ASSERTION, *touched: str) -> Failure:
    return Failure(check, "call", f"{service} is wrong", kind, service, service, (), frozenset(touched))


@given(FAILURES, HEALTH)
def test_each_failure_is_in_exactly_one_cause(failures: list[Failure], health: list[HealthReading]) -> None:
    """No failure is dropped and none is told twice."""
    causes = collapse(failures, health)
    told = [one for cause in causes for one in (cause.first, *cause.also, *cause.consequences)]
    assert sorted(told, key=repr) == sorted(failures, key=repr)
    assert all(cause.headline() for cause in causes)


@given(FAILURES, HEALTH, st.randoms())
def test_the_causes_do_not_depend_on_the_order(
    failures: list[Failure],
    health: list[HealthReading],
    random: object,
) -> None:
    """The same failures in any order have the same causes."""
    expected = collapse(failures, health)
    shuffled, readings = list(failures), list(health)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    random.shuffle(readings)  # type: ignore[attr-defined]
    assert collapse(shuffled, readings) == expected


def test_a_service_that_is_down_is_one_cause() -> None:
    """Auth down with thirty failures is one cause and twenty-nine consequences."""
    failures = [failure("auth", "auth", Kind.UNREACHABLE)]
    failures += [failure(f"c{n}", "chat", Kind.SETUP, "auth", "chat") for n in range(29)]
    (cause,) = collapse(failures, [HealthReading("auth", State.DOWN, "503"), HealthReading("chat", State.UP)])
    assert (cause.subject, cause.down, len(cause.consequences)) == ("auth", True, 29)
    assert cause.first.service == "auth"
    assert cause.headline() == "auth is down (503); 29 checks follow from it"


def test_wrong_answers_explain_nothing_elsewhere() -> None:
    """A service that answers wrongly is a cause for its own checks only."""
    failures = [failure("a", "auth"), failure("b", "chat", Kind.ASSERTION, "auth"), failure("c", "chat")]
    causes = collapse(failures, [HealthReading("auth", State.UP), HealthReading("chat", State.UP)])
    assert {cause.subject: len(cause.also) for cause in causes} == {"auth": 0, "chat": 1}


def test_a_datastore_that_is_down_is_the_cause() -> None:
    """Services that are down because a datastore is have the datastore as their cause."""
    failures = [failure("a", "auth", Kind.UNREACHABLE), failure("b", "chat", Kind.UNREACHABLE)]
    health = [HealthReading(name, State.DOWN, "no postgres", ("postgres",)) for name in ("auth", "chat")]
    (cause,) = collapse(failures, health)
    assert cause.subject == "postgres"
    assert "so says auth: no postgres" in cause.headline()


def test_nothing_reachable_is_the_public_address() -> None:
    """When no service can be reached, the way to them is the cause."""
    health = [HealthReading(name, State.UNREACHABLE) for name in NEEDS]
    (cause,) = collapse([failure("a", "auth", Kind.UNREACHABLE), failure("b", "otp")], health)
    assert cause.subject == PUBLIC_ADDRESS


def test_of_two_that_are_down_the_one_the_other_needs_is_to_blame() -> None:
    """What fails elsewhere is laid to the service that is needed first."""
    failures = [failure("o", "otp", Kind.UNREACHABLE), failure("a", "auth", Kind.UNREACHABLE), failure("c", "chat")]
    causes = {cause.subject: cause for cause in collapse(failures)}
    assert [one.check for one in causes["otp"].consequences] == ["c"]


def test_failures_without_a_service_stay_apart() -> None:
    """What nobody can attribute is a cause of its own each, not a heap."""
    assert len(collapse([failure("a", None), failure("b", None)])) == 2


def test_the_graph_is_sound() -> None:
    """No service needs itself, and every need is a service."""
    for service, needs in NEEDS.items():
        assert service not in needed_by(service)
        assert needs <= set(NEEDS)
