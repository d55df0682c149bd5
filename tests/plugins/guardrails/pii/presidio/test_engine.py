"""The real Presidio, with a tiny pipeline."""

import logging
import sys
from pathlib import Path

import msgspec
import pytest

from localai import SettingsError
from plugins.guardrails.pii.presidio.engine import NAMES, Find, check_installed, load
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.presidio.spans import Span

TEXT = "Anna Smith paid 9 dollars to Acme at Pier 39 in Paris."


@pytest.fixture(scope="module")
def find(model: Path) -> Find:
    """Return what finds all that Presidio knows."""
    return load(Presidio(model=model), NAMES)


def test_names_are_found(find: Find) -> None:
    """People, places and organisations are found where they are, by Presidio's names."""
    found = [(span.entity, TEXT[span.start : span.end]) for span in find(TEXT)]
    assert sorted(found) == [
        ("LOCATION", "Paris"),
        ("LOCATION", "Pier 39"),
        ("ORGANIZATION", "Acme"),
        ("PERSON", "Anna Smith"),
    ]
    assert find("") == find("Nobody is here.") == []


def test_only_what_is_asked_for_is_found(model: Path) -> None:
    """Other entities of the model are left out, and what scores below the threshold."""
    assert load(Presidio(model=model), ["PERSON"])(TEXT) == [Span("PERSON", 0, 10)]
    assert load(Presidio(model=model, threshold=0.9), NAMES)(TEXT) == []


def test_nothing_is_logged(find: Find, caplog: pytest.LogCaptureFixture) -> None:
    """Presidio writes no warning for labels that it does not know, and never a text."""
    with caplog.at_level(logging.INFO):
        find(TEXT)
    assert caplog.records == []


def test_words_are_forgotten(find: Find, model: Path) -> None:
    """The vocabulary does not grow with the texts."""
    analyser = find.__closure__
    assert analyser is not None
    (pipeline,) = [
        cell.cell_contents for cell in analyser if hasattr(cell.cell_contents, "pipe_names")
    ]
    find("warm up")
    before = len(pipeline.vocab.strings)
    find(" ".join(f"word{number}" for number in range(500)))
    assert len(pipeline.vocab.strings) == before


def test_a_missing_model_is_explained(tmp_path: Path) -> None:
    """The message has the command that installs the model."""
    settings = Presidio(model=tmp_path / "xx_none_sm")
    with pytest.raises(SettingsError, match="run: python -m spacy download xx_none_sm"):
        check_installed(settings)
    check_installed(Presidio(model=Path("tests")))


def test_missing_packages_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command that installs the extra."""
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(SettingsError, match=r"pip install 'localai-edge-router\[presidio\]'"):
        check_installed(Presidio())


def test_a_broken_model_is_explained(tmp_path: Path) -> None:
    """A folder that is no pipeline stops the start with its name."""
    with pytest.raises(SettingsError, match=r"presidio\.model: .* can't be loaded"):
        load(msgspec.structs.replace(Presidio(), model=tmp_path), ["PERSON"])
