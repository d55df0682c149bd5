"""Smuggled characters are removed; emoji and the scripts of the world stay as they are."""

import unicodedata
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.invisible import clean, clean_gently
from tests.pace import within

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
IGNORABLE = [
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)),
    *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164),
    *(*range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xFFF0, 0xFFF9)),
    *(*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
]
"""Default_Ignorable_Code_Point of Unicode 16, written down from DerivedCoreProperties.txt."""
INVISIBLE = "".join(map(chr, [*IGNORABLE, *range(0xFFF9, 0xFFFC)]))
SAMPLES = {
    "family": "👨‍👩‍👧‍👦 👩‍❤️‍💋‍👨",
    "skin tone and profession": "👩🏽‍💻 🧑🏿‍🚀 🤝🏻 🫱🏻‍🫲🏿",
    "keycaps": "1️⃣ #️⃣ *️⃣",
    "flags of regions": "🇩🇪🇮🇳🇺🇸",
    "flags of nations": f"{ENGLAND} \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074"
    "\U000e007f \U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "flags of people": "🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️",
    "hearts and arrows": "❤️‍🔥 ↔️ ☎︎ ‼️ ℹ️ ™️ 🙂‍↔️ 🐦‍⬛ ⛹🏽‍♀️ 👁️‍🗨️",
    "Persian": "می‌خواهم کتاب‌های PDF‌ها را بخوانم، ه‍.ش.",
    "Arabic": "السلام عليكم\u200f، أهلا (C++)\u200e!",
    "Hebrew": "שלום עולם!\u200f גרסה C++\u200e זמינה",
    "Hindi": "क्‍ष त्र नमस्ते, र्‍य",
    "Kannada": "ರ‍್ಯಾಂಕ್ ಕರ್ನಾಟಕ ಸಾಫ್ಟ್‌ವೇರ್",
    "Sinhala": "ශ්‍රී ලංකාව ක්‍ෂ",
    "Malayalam": "ന്‍ ര്‍ അവന്‍റെ",
    "Bengali": "র‍্যাব ক্‌ষ",
    "Khmer": "ខ្ញុំ\u200bចង់\u200bទៅ",
    "Thai": "ภาษา\u200bไทย",
    "Japanese names": "葛\U000e0100城市 辻\U000e0101",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ ᠠ᠋ᠠ",
    "Hebrew points": "יְרוּשָׁלַ͏ִם",
    "slashed zero": "0\ufe00",
    "byte order mark": "\ufefftext",
}
SMUGGLED = {
    "tags": "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all"),
    "tags after a flag": "\U0001f3f4"
    + "".join(chr(0xE0000 + ord(x)) for x in "zzz")
    + "\U000e007f",
    "bytes in selectors": "\ufe01\U000e0120\U000e0155",
    "bits in joiners": "\u200b\u200c\u200d\u200c",
    "direction overrides": "\u202egnp.exe\u202c\u2066x\u2069",
    "word joiners": "ig\u2060nore \u2063a\u2064ll",
    "soft hyphens": "ig\u00adnore",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "annotations": "\ufff9a\ufffab\ufffb",
    "Mongolian vowel separator": "a\u180eb",
    "marks in English": "Hello\u200e\u200f",
}
texts = st.lists(
    st.one_of(
        st.sampled_from(sorted(SAMPLES.values())),
        st.sampled_from("aא‌😀ا葛ᠠខ0❤🏽\u05b4\u0301" + ENGLAND),
        st.sampled_from(INVISIBLE),
        st.text(max_size=5),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_scripts_and_emoji_need_stays(name: str) -> None:
    """A real text of any script, and every valid emoji, is returned as the same object."""
    text = SAMPLES[name]
    changed, removed = clean(text)
    assert changed is text
    assert removed == 0


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_is_smuggled_is_removed(name: str) -> None:
    """Nothing invisible is left of a smuggled message, and all that is visible stays."""
    text = f"Hello{SMUGGLED[name]}World"
    changed, removed = clean(text)
    assert changed == "".join(character for character in text if character not in INVISIBLE)
    assert removed == len(text) - len(changed)


def test_one_of_a_run_stays_at_most() -> None:
    """Of a run of selectors, joiners or marks only the first can be needed."""
    for base, follower in (
        ("😀", "\ufe0f"),
        ("葛", "\U000e0100"),
        ("ن", "\u200c"),
        ("א", "\u200f"),
    ):
        assert clean(base + follower * 5) == (base + follower, 4)


def test_no_ignorable_character_stays_in_english() -> None:
    """Each character that Unicode calls ignorable is removed between letters of English."""
    for character in INVISIBLE:
        assert clean(f"ab{character}cd") == ("abcd", 1)


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """What was cleaned has nothing left to remove."""
    changed, removed = clean(text)
    assert clean(changed) == (changed, 0)
    assert removed == len(text) - len(changed)


@given(texts)
def test_only_invisible_characters_go(text: str) -> None:
    """Cleaning removes, and only what nobody sees; flags never become others."""
    changed, _ = clean(text)
    kept = [character for character in changed if character not in INVISIBLE]
    assert kept == [character for character in text if character not in INVISIBLE]


@given(texts)
async def test_gently_is_the_same(text: str) -> None:
    """Giving way in between changes nothing."""
    assert await clean_gently(text) == clean(text)
    assert await clean_gently(text * 40) == clean(text * 40)


@given(st.text())
def test_text_without_them_is_the_same_object(text: str) -> None:
    """A text without invisible characters is not copied."""
    if not set(text) & set(INVISIBLE):
        assert clean(text)[0] is text


def test_all_that_a_format_character_may_be_is_judged() -> None:
    """Format characters that stay are those that show: number signs, hieroglyph joiners …"""
    formats = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    staying = [each for each in formats if clean(f"a{each}b")[1] == 0]
    assert not set(staying) & set(INVISIBLE)
    assert len(staying) < 25


@pytest.mark.parametrize("piece", ["\u200b", "\u200ba", "😀\ufe0f", "\u200eא", "🏴\U000e0067"])
def test_time_is_linear(piece: str) -> None:
    """100 kB of invisible characters are cleaned in less than 150 ms."""
    text = (piece * 100_000)[:100_000]
    within(0.15, lambda: clean(text))


def test_a_clean_text_costs_next_to_nothing() -> None:
    """10 kB without invisible characters take less than 400 µs, in any script."""
    for letters in ("text ", "Grüße ", "текст ", "文字、"):
        text = (letters * 10_000)[:10_000]
        within(0.0004, partial(clean, text))
