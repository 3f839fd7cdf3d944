"""The operations that profiles may name."""

from fixtures.contract import documents
from loadtests.profiles.operations import REPEATABLE, labels


def test_the_labels_are_those_of_the_documents() -> None:
    """Every operation that a service documents can be named, and otherwise only those on presigned addresses."""
    documented = {f"{service} {name}" for service in documents.services() for name in documents.operations(service)}
    beyond = labels() - documented
    assert documented <= labels()
    assert {label.partition(" ")[2] for label in beyond} == {"putObject", "getObject", "getFromCdn"}


def test_what_is_sent_at_a_rate_changes_nothing() -> None:
    """Operations for the engine are safe, need no body and at most a person's token."""
    assert len(REPEATABLE) == 16
    for label, operation in REPEATABLE.items():
        assert label == operation.label
        assert label in labels()
        assert operation.safe
        assert operation.content is None
        assert operation.auth in {"none", "bearer"}
