"""The synthetic people of a load run: made before the clock starts, lent out in pairs, removed after."""

from loadtests.people.making import PeopleError
from loadtests.people.pool import Pool
from loadtests.people.visitor import Visitor

__all__ = ["PeopleError", "Pool", "Visitor"]
