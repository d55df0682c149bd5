"""Model names."""

import pytest

from tests.double.names import BadNameError, BothSourcesError, NoNameError, parse, refer


@pytest.mark.parametrize(
    ("text", "full", "short"),
    [
        ("tiny", "registry.ollama.ai/library/tiny:latest", "tiny:latest"),
        ("a/tiny:1b", "registry.ollama.ai/a/tiny:1b", "a/tiny:1b"),
        ("hub.io:80/a/tiny", "hub.io:80/a/tiny:latest", "hub.io:80/a/tiny:latest"),
    ],
)
def test_names_are_completed(text: str, full: str, short: str) -> None:
    """Missing parts get Ollama's defaults, and the short form keeps the tag."""
    name = parse(text)
    assert (str(name), name.short, name.valid) == (full, short, True)


def test_matching_ignores_case() -> None:
    """Two spellings that differ by case name one model."""
    assert parse("TINY:Latest").key == parse("tiny").key


@pytest.mark.parametrize("text", ["a b", "a:", "/tiny", "-x", "a.b/c", "tiny:" + "x" * 81])
def test_bad_names_are_refused(text: str) -> None:
    """A text outside the grammar is no name."""
    with pytest.raises(BadNameError, match=r"^invalid model name$"):
        refer(text)


@pytest.mark.parametrize("text", ["", "  "])
def test_no_name_is_told_apart(text: str) -> None:
    """An empty name is another error than a bad one."""
    with pytest.raises(NoNameError, match=r"^model is required$"):
        refer(text)


@pytest.mark.parametrize(
    ("text", "cloud", "short"),
    [
        ("big:cloud", True, "big:latest"),
        ("big:CLOUD", True, "big:latest"),
        ("big:120b-cloud", True, "big:120b"),
        ("big:local", False, "big:latest"),
        ("big:1b", False, "big:1b"),
    ],
)
def test_suffixes_choose_the_source(text: str, cloud: bool, short: str) -> None:
    """A cloud suffix is cut off and marks the request as one that leaves the machine."""
    reference = refer(text)
    assert (reference.cloud, reference.name.short) == (cloud, short)


def test_both_suffixes_are_refused() -> None:
    """A name can't ask for both sources."""
    with pytest.raises(BothSourcesError) as caught:
        refer("x:cloud:local")
    assert str(caught.value) == 'use either :local or :cloud, not both: "x:cloud:local"'
