"""A card as it is built."""

from plugins.routing.hardware.card import Card


def test_what_models_may_take() -> None:
    """An APU's models may take what it maps too, a card's only what it has itself."""
    apu = Card(name="card1", is_integrated=True, vram=1, gtt=100)
    assert (apu.memory, apu.replace(is_integrated=False).memory) == (101, 1)


def test_where_its_files_are() -> None:
    """The directory is relative, so that it is found below any root."""
    assert Card(name="card1").directory == "sys/class/drm/card1/device"
