"""What is a secret, and what stands for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.pii.entities.secrets.randomness import (
    entropy,
    has_code,
    is_dense,
    is_placeholder,
    looks_random,
)


def test_entropy_is_shannons() -> None:
    """One character has none, two of the same count one bit, sixteen kinds four."""
    assert entropy("aaaa") == 0
    assert entropy("abab") == 1
    assert entropy("0123456789abcdef") == 4
    assert is_dense("abab", 1)
    assert not is_dense("abab", 1.1)


@given(st.text(min_size=1, max_size=60), st.floats(0, 6))
def test_density_is_entropy(text: str, bits: float) -> None:
    """The quick look at kinds of characters changes no answer."""
    assert is_dense(text, bits) == (entropy(text) >= bits)


@pytest.mark.parametrize(
    "text",
    [
        "sk-xxxxxxxx",
        "XXXXXXXX",
        "****",
        "abc...",
        "<token>",
        "${TOKEN}",
        "{{ token }}",
        "your-api-key-1234",
        "REPLACE_ME",
        "aaaaaaa",
        "changeme",
    ],
)
def test_what_the_reader_has_to_put_in_is_a_placeholder(text: str) -> None:
    """Fillers, templates and words that say so are no secrets."""
    assert is_placeholder(text)
    assert not looks_random(text)


@pytest.mark.parametrize(
    "text", ["a8f5f167f44f4964e6c998dee827110c", "Tr0ub4dor&3-Zx9", "9sQ!kd82LmPq"]
)
def test_keys_and_passwords_look_random(text: str) -> None:
    """Hex digits, base64 and good passwords do."""
    assert looks_random(text)


@pytest.mark.parametrize("text", ["correcthorsebattery", "123456789012", "a1a1a1a1a1a1"])
def test_words_digits_and_repeats_do_not(text: str) -> None:
    """Letters alone, digits alone, and few kinds of characters don't."""
    assert not looks_random(text)


def test_a_code_is_a_long_run_of_letters_and_digits() -> None:
    """Words with dashes between them, and years, are none."""
    assert has_code("proj-abc123DEF456")
    assert not has_code("risk-based-guide-2024-edition-for-everyone")
    assert not has_code("internationalisation-123456789012")
