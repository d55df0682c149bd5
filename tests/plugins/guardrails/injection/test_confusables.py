"""The table of characters that look like ASCII."""

from plugins.guardrails.injection.confusables import CONFUSABLES


def test_letters_have_look_alikes_of_other_scripts() -> None:
    """Each is a letter or digit of ASCII with characters that are not, and none is of two."""
    points = [int(point, 16) for each in CONFUSABLES.values() for point in each.split()]
    assert all(letter.isascii() and letter.isalnum() for letter in CONFUSABLES)
    assert all(0x7F < point < 0x110000 for point in points)
    assert len(points) == len(set(points))
