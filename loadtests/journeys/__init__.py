"""Journeys: what people do, as one piece of load, over the same operations as the smoke suite."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from loadtests.journeys.browsing import Browsing
from loadtests.journeys.calling import Calling
from loadtests.journeys.chatting import Chatting
from loadtests.journeys.connecting import Connecting
from loadtests.journeys.journey import Journey
from loadtests.journeys.registering import Registering

JOURNEYS: Final[Mapping[str, Journey]] = MappingProxyType(
    {journey.name: journey for journey in (Browsing(), Chatting(), Calling(), Registering(), Connecting())}
)
"""Every journey by its name, as profiles call it."""

__all__ = ["JOURNEYS", "Journey"]
