"""HTTP/1.1 for one greenlet: sends an operation once, checks its answer, and fires Locust's event for it.

    client = Client(Target.of(environment.api, environment.ca_file), headers={...}, fire=events.request.fire)
    client.token = tokens.access_token
    message = client.send(chat.send(...), since=intended_start)

Locust's own clients spend nearly all of their time on what a load test has no use for: cookie jars, parsing URLs,
redirects, pools. This one has a socket, the parser of the field (llhttp) and TLS in memory, and nothing else.
"""

from loadtests.client.client import Client
from loadtests.client.timeouts import Timeouts

__all__ = ["Client", "Timeouts"]
