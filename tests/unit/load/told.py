"""An environment of which tests only have to be told."""

from fixtures.environments import Environment

PLATFORM = Environment(
    name="told",
    slot="live",
    source="told.toml",
    api="https://h",
    live_api="https://h",
    issuer="",
    reported_environment="told",
)
