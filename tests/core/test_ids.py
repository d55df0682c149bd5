"""Tests of ids."""

import re

from core.ids import new_id


def test_ids_are_unique_and_have_their_length() -> None:
    """Ten thousand ids are all different, with the prefix and all their digits."""
    ids = {new_id("req_") for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", each) for each in ids)
    assert re.fullmatch(r"call_[0-9a-f]{8}", new_id("call_", bits=32))
