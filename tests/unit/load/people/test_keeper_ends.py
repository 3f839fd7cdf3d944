"""A keeper that is told to end."""

from loadtests.people.keeper import Keeper
from tests.unit.load.journeys.town import Town, tokens


def test_who_is_told_to_end_refreshes_nobody_more() -> None:
    """Thousands may be due then, and all of them are about to be removed."""
    town = Town()
    people = [town.person(f"p{number}") for number in range(3)]
    for person in people:
        person.holds(tokens(person.user_id, expires_in=30, access=f"old {person}"))

    def answers(_: object) -> object:
        keeper.end()
        return tokens(people[0].user_id)

    town.answers["auth issueTokens"] = answers
    now = [0.0]
    keeper = Keeper([town.quiet_client()], town.fire, lambda: now[0])
    keeper.keeps(*people)
    now[0] = 29.0
    keeper.look(town.quiet_client())
    assert town.labels == ["auth issueTokens"]
