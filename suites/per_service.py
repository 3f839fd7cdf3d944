"""Makes one check of each service of the guide, so that each fails, is counted and is laid to its service alone."""

import pytest

from fixtures.guide import load_guide


def for_each_service(*ids: str) -> pytest.MarkDecorator:
    """Return the parametrization over the guide's services; each check cites `ids` and names its service."""
    return pytest.mark.parametrize(
        "service",
        [
            pytest.param(service, id=service.name, marks=pytest.mark.guide(*ids, service=service.name))
            for service in load_guide().services
        ],
    )
