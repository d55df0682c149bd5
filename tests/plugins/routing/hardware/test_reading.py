"""What the sensors say at one moment."""

from plugins.routing.hardware.card import Card
from plugins.routing.hardware.reading import Reading


def test_nothing_is_known_by_itself() -> None:
    """A figure that was not read is none, and not zero."""
    reading = Reading(at=0, card=Card(name="card0"))
    assert (reading.watts, reading.busy, reading.ram_total) == (None, None, None)
