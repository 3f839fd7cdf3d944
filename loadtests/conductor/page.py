"""Restricts Locust's web page to starting and stopping a run: its profile and target are those of the command line.

Without this a reader of the page could name another host or profile, and Locust would show that as what is loaded.
"""

from typing import TYPE_CHECKING, Final

from flask import Response, jsonify, request

if TYPE_CHECKING:
    from locust.web import WebUI

_FREE: Final = ("", "0")
"""What the page sends of fields that it shows and that cannot be filled in."""
_BY: Final = {
    "host": "the target is the environment's: name one by --env",
    "profile": "the profile is that of the command line: name one by --profile",
    **dict.fromkeys(
        ("user_count", "spawn_rate", "run_time"),
        "users, rates and times are the profile's: scale it by --rate-scale and --for",
    ),
}


def keep_to(page: "WebUI", host: str, profile: str) -> None:
    """Refuse to start what is asked for in other fields than a run of this profile against this host has."""
    allowed = {**dict.fromkeys(_BY, _FREE), "host": (host,), "profile": (profile,)}

    def refuse() -> Response | None:
        if request.endpoint != "locust.swarm":
            return None
        asked = {name: request.form.get(name) for name in _BY}
        wrong = [f"{name}: {_BY[name]}" for name, value in asked.items() if value not in (None, *allowed[name])]
        message = f"not started: {'; '.join(wrong)}"
        return jsonify({"success": False, "message": message, "host": host}) if wrong else None

    if page.app is not None:
        page.app.before_request(refuse)
