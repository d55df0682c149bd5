"""Fixtures of all tests of the cache."""

import pytest

from plugins.cache import digests


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Wait for a list of models as long as this machine needs, but where the wait is tested."""
    if not request.node.nodeid.partition("::")[0].endswith("test_digests.py"):
        monkeypatch.setattr(digests, "WAIT", 30.0)
        monkeypatch.setattr(digests, "FIRST_WAIT", 30.0)
