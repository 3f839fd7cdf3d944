"""The synthetic people of a load run: made before the clock starts, lent out in pairs, removed after."""

from loadtests.people.errors import PeopleError
from loadtests.people.host import Host
from loadtests.people.pool import Pool
from loadtests.people.visitor import Device, Equipment, Sender, Visitor

__all__ = ["Device", "Equipment", "Host", "PeopleError", "Pool", "Sender", "Visitor"]
