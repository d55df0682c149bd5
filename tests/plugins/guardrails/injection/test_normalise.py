"""One form for texts that read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "IGNORE",
        "ｉｇｎｏｒｅ",
        "𝐢𝐠𝐧𝐨𝐫𝐞",
        "i\u200bg\u200bn\u2060o\u00adr\ufeffe",
        "i\u0335g\u0335n\u0335o\u0335r\u0335e\u0335",
        "ìgnörê",
        "\u202eignore\u202c",
        "ig\U000e0041\U000e0042nore",
        "іgnоrе",
        "ⓘⓖⓝⓞⓡⓔ",
    ],
)
def test_disguises_come_off(text: str) -> None:
    """Case, width, style, accents, invisible characters, directions and look-alikes are gone."""
    assert normalise(text) == "ignore"


@given(st.text())
def test_normalising_twice_changes_nothing_for_ascii(text: str) -> None:
    """What has come out as ASCII comes out again as it is."""
    once = normalise(text)
    if once.isascii():
        assert normalise(once) == once
