"""A Locust user with a client: what `HttpUser` and `FastHttpUser` are, for operations of the platform.

    class Reader(PlatformUser):
        @task
        def reads(self) -> None:
            self.client.send(auth.key_set())

`host` is the environment's API, of the class or of Locust's environment, as with Locust's own users. Operations for
somebody who is logged in need `self.client.token`; docs/load.md has a whole locustfile. For locustfiles of
one's own: profiles have people, whose clients are made for them (`loadtests.people`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final
from weakref import WeakKeyDictionary

from locust import User

from fixtures.http1.target import Target
from loadtests.client.client import Client
from loadtests.client.timeouts import Timeouts

if TYPE_CHECKING:
    from locust.env import Environment

_first: Final["WeakKeyDictionary[Environment, dict[type[PlatformUser], Client]]"] = WeakKeyDictionary()


class PlatformUser(User):
    """A user whose `client` sends operations; what can be shared among all users of a class is."""

    abstract = True
    ca_file: ClassVar[Path | None] = None
    """PEM bundle to trust instead of the public authorities."""
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Sent with every request."""
    timeouts: ClassVar[Timeouts] = Timeouts()
    sighted: ClassVar[Callable[[str, str], None]] = staticmethod(lambda _service, _served_by: None)
    """Told who answers for a service, whenever it is somebody else."""

    def __init__(self, environment: "Environment") -> None:
        super().__init__(environment)
        self.client = self._first(environment).another()

    def on_stop(self) -> None:
        """Close the connection."""
        self.client.close()

    @classmethod
    def _first(cls, environment: "Environment") -> Client:
        clients = _first.setdefault(environment, {})
        if cls not in clients:
            base = cls.host or environment.host
            if not base:
                raise ValueError(f"{cls.__name__} has no host, and neither has the environment")
            clients[cls] = Client(
                Target.of(base, cls.ca_file),
                headers=cls.headers,
                fire=environment.events.request.fire,
                timeouts=cls.timeouts,
                sighted=cls.sighted,
            )
        return clients[cls]
