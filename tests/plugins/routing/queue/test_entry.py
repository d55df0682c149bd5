"""Entries of a queue."""

from plugins.routing.queue.entry import Entry


def test_entries_are_told_apart() -> None:
    """Two entries with the same values are two entries."""
    assert Entry("me", 1) != Entry("me", 1)
    assert not Entry("me", 1).is_waiting
