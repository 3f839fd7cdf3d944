"""Newcomers: named in the ledger before they come, accounted for after the run."""

from loadtests.people.newcomers import Afterwards, expected
from tests.unit.load.journeys.town import Town


def _words(town: Town) -> list[str]:
    return [line[0] for line in town.book.lines]


def test_names_are_written_before_anybody_comes() -> None:
    """A stock is written ahead, and taking from it writes nothing."""
    town = Town()
    town.newcomers.prepare(3)
    assert _words(town) == ["intends"] * 3
    assert [town.newcomers.come().identity.noun for _ in range(3)] == ["n1", "n2", "n3"]
    assert _words(town) == ["intends"] * 3


def test_who_comes_beyond_the_stock_is_written_then() -> None:
    """Nobody registers whose name is not in the ledger."""
    town = Town()
    person = town.newcomers.come()
    assert town.book.lines == [("intends", "account", person.identity.email)]


def test_what_became_of_them_is_written_after_the_run() -> None:
    """While the clock runs nothing is written; after it, who was made and who is gone, in that order."""
    town = Town()
    town.newcomers.prepare(2)
    person = town.newcomers.come()
    person.becomes("an id")
    town.newcomers.gone(person)
    assert _words(town) == ["intends", "intends"]
    town.newcomers.write()
    assert town.newcomers.remaining() == ()
    own = [line[0] for line in town.book.lines if line[2] == person.identity.email]
    assert own == ["intends", "confirmed", "removed"]
    assert _words(town).count("removed") == 2


def test_who_is_still_there_is_given_back_with_the_ledger_itself() -> None:
    """Whoever was not seen to leave is to be removed, and what becomes of that is written at once."""
    town = Town()
    person = town.newcomers.come()
    town.newcomers.write()
    assert town.newcomers.remaining() == (person,)
    assert town.newcomers.remaining() == ()
    assert person.book is town.book


def test_book_keeps_all_but_intents_for_later() -> None:
    """What is written after the run is in the order in which it happened."""
    town = Town()
    book = Afterwards(town.book)
    book.intends("account", "a")
    book.confirmed("account", "a")
    book.left("account", "a", "why")
    assert _words(town) == ["intends"]
    book.write()
    book.write()
    assert _words(town) == ["intends", "confirmed", "left"]


def test_stock_is_what_the_schedule_lets_expect_and_hardly_ever_less() -> None:
    """The expected number by weight, and four deviations of chance; nothing where nobody registers."""
    assert expected(100.0, {"browsing": 5}, "registering") == 0
    assert expected(0.0, {"registering": 1}, "registering") == 0
    assert expected(400.0, {"registering": 1, "browsing": 3}, "registering") == 140
