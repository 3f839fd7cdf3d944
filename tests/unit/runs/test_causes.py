from dataclasses import replace

import pytest
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
        before=st.sampled_from(["", "429: no X-Served-By"]),
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
        st.sampled_from(["", "no X-Served-By"]),
    ),
    max_size=8,
    unique_by=lambda reading: reading.service,
)


def failure(check: str, service: str | None, kind: Kind = Kind.ASSERTION, *touched: str) -> Failure:
    return Failure(check, "call", f"{service} is wrong", kind, service, service, (), frozenset(touched))


@given(FAILURES, HEALTH, st.booleans())
def test_each_failure_is_in_exactly_one_cause(
    failures: list[Failure],
    health: list[HealthReading],
    named: bool,  # noqa: FBT001 - it is drawn
) -> None:
    """No failure is dropped and none is told twice."""
    causes = collapse(failures, health, named=named)
    told = [one for cause in causes for one in (cause.first, *cause.also, *cause.consequences)]
    meant = failures if named else [replace(one, before="") for one in failures]
    assert sorted(told, key=repr) == sorted(meant, key=repr)
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
    well = [HealthReading(name, State.UP, "all is well") for name in ("auth", "chat")]
    causes = collapse(failures, well)
    assert [cause.headline() for cause in causes] == [
        "chat: chat is wrong; 1 check more fails in it",
        "auth: auth is wrong",
    ]
    assert [cause.health for cause in causes] == ["", ""]


def test_what_a_check_touched_may_be_why_it_failed() -> None:
    """A check that asked a service which is down follows from that, though no journey through its own needs it."""
    (cause,) = collapse([failure("a", "auth", Kind.ASSERTION, "chat")], [HealthReading("chat", State.DOWN)])
    assert (cause.subject, cause.headline()) == ("chat", "chat is down")


def test_the_check_of_the_service_tells_its_cause() -> None:
    """Of those that a service fails the one that judges it is told first, and what nobody marked is the service's."""
    failures = [
        replace(failure("a", "auth", Kind.UNREACHABLE), judges="chat"),
        failure("z", "auth", Kind.UNREACHABLE),
    ]
    (cause,) = collapse(failures)
    assert cause.first.check == "z"
    (cause,) = collapse([replace(failure(name, "auth"), judges=None) for name in "ab"])
    assert cause.headline() == "auth: auth is wrong; 1 check more fails in it"


def test_a_datastore_that_is_down_is_the_cause() -> None:
    """Services that are down because a datastore is have the datastore as their cause."""
    failures = [failure("a", "auth", Kind.UNREACHABLE), failure("b", "chat", Kind.UNREACHABLE)]
    health = [HealthReading(name, State.DOWN, "no postgres", ("postgres",)) for name in ("auth", "chat")]
    (cause,) = collapse(failures, health)
    assert cause.subject == "postgres"
    assert "so says auth: no postgres" in cause.headline()


def test_a_service_that_works_without_its_datastore_fails_by_that() -> None:
    """What is wrong in a service that says what it misses is laid to what is missing, and that is told first."""
    health = [HealthReading("auth", State.DEGRADED, "no redis", ("redis",)), HealthReading("chat", State.UP)]
    causes = collapse([failure("a", "chat"), failure("b", "chat"), failure("c", "auth")], health)
    assert [cause.subject for cause in causes] == ["redis", "chat"]
    assert causes[0].headline() == "redis is down (so says auth: no redis)"


def test_a_check_that_fails_in_two_phases_is_counted_once() -> None:
    """The headline counts checks, not the phases in which they failed."""
    twice = [
        Failure(f"test_{name}", phase, "no answer", Kind.UNREACHABLE, "chat", "chat")
        for name in ("a", "b")
        for phase in ("call", "teardown")
    ]
    (cause,) = collapse(twice)
    assert cause.headline() == "chat is down; 1 check follows from it"
    for health in ([], [HealthReading("chat", State.DOWN)]):
        (cause,) = collapse(twice[:2], health)
        assert cause.headline() == "chat is down"


def test_nothing_reachable_is_the_public_address() -> None:
    """When no service can be reached, the way to them is the cause; it is none where one can, or nobody asked more."""
    health = [HealthReading(name, State.UNREACHABLE) for name in NEEDS]
    (cause,) = collapse([failure("a", "auth", Kind.UNREACHABLE), failure("b", "otp")], health)
    assert cause.subject == PUBLIC_ADDRESS
    all_but_chat = [replace(one, state=State.UP) if one.service == "chat" else one for one in health]
    for some in (all_but_chat, [HealthReading("auth", State.UNREACHABLE)]):
        assert [cause.subject for cause in collapse([failure("a", "auth")], some)] == ["auth"]


def test_of_two_that_are_down_the_one_the_other_needs_is_to_blame() -> None:
    """What fails elsewhere is laid to the service that is needed first."""
    failures = [failure("o", "otp", Kind.UNREACHABLE), failure("a", "auth", Kind.UNREACHABLE), failure("c", "chat")]
    causes = {cause.subject: cause for cause in collapse(failures)}
    assert [one.check for one in causes["otp"].consequences] == ["c"]


def test_a_health_that_was_turned_away_says_nothing_of_the_way() -> None:
    """What is before all services and refuses to look at health does not make them unreachable for everybody."""
    health = [HealthReading(name, State.UNREACHABLE, "status 429", before="no X-Served-By") for name in NEEDS]
    (cause,) = collapse([failure("a", "chat", Kind.UNREACHABLE)], health, named=True)
    assert (cause.subject, cause.down) == ("chat", True)


LIMITED = "429: no X-Served-By, Server nginx; exempt it"


def test_what_turns_away_before_the_services_is_one_cause() -> None:
    """A limit that meets requests to all services is no service's fault, nor is it what health met there."""
    failures = [replace(failure(service, service), before=LIMITED) for service in NEEDS]
    health = [HealthReading(name, State.UNREACHABLE, "status 429", before="no X-Served-By") for name in NEEDS]
    (cause,) = collapse(failures, health, named=True)
    assert (cause.subject, cause.down) == (PUBLIC_ADDRESS, False)
    assert cause.headline() == (
        f"public address: something before the services answered {LIMITED}; 7 checks follow from it"
    )


def test_where_no_service_says_who_it_is_each_is_blamed_for_its_answers() -> None:
    """A platform whose answers never say who gave them is told of no limit that nobody can see."""
    failures = [replace(failure(service, service), before=LIMITED) for service in ("auth", "chat")]
    causes = collapse(failures, [HealthReading("auth", State.UP), HealthReading("chat", State.UP)])
    assert [cause.headline() for cause in causes] == ["auth: auth is wrong", "chat: chat is wrong"]


@pytest.mark.parametrize(("named", "down"), [(False, True), (True, False)])
def test_what_answers_for_the_health_of_a_service_says_nothing_of_it_where_services_are_named(
    *, named: bool, down: bool
) -> None:
    """A 503 that is given before a service is that of the service only where nobody can tell."""
    health = [HealthReading("chat", State.DOWN, "status 503", before="no X-Served-By"), HealthReading("otp", State.UP)]
    (cause,) = collapse([failure("a", "chat")], health, named=named)
    assert (cause.subject, cause.down) == ("chat", down)


def test_a_service_that_is_up_at_the_end_is_not_told_to_be_down() -> None:
    """Who could not be reached for a while is named, and not looked for where it is well."""
    (cause,) = collapse([failure("a", "chat", Kind.UNREACHABLE)], [HealthReading("chat", State.UP)])
    assert cause.headline() == "chat did not always answer (its health says up at the end of the run)"


def test_failures_without_a_service_stay_apart() -> None:
    """What nobody can attribute is a cause of its own each, not a heap."""
    causes = collapse([failure("a", None), failure("b", None)])
    assert [cause.headline() for cause in causes] == ["of no single service: None is wrong"] * 2


def test_the_graph_is_sound() -> None:
    """No service needs itself, and every need is a service."""
    for service, needs in NEEDS.items():
        assert service not in needed_by(service)
        assert needs <= set(NEEDS)
