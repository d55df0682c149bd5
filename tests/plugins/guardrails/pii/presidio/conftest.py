"""A tiny spaCy pipeline that knows a few names, saved to a folder."""

from pathlib import Path

import pytest

from plugins.guardrails.pii.presidio.settings import Presidio

NAMES = {
    "PERSON": ("Anna Smith", "Anna", "Jürgen"),
    "GPE": ("Paris",),
    "FAC": ("Pier 39",),
    "ORG": ("Acme",),
    "MONEY": ("9 dollars",),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the pipeline."""
    import spacy

    folder = tmp_path_factory.mktemp("model") / "xx_tiny"
    nlp = spacy.blank("xx")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [{"label": label, "pattern": name} for label, names in NAMES.items() for name in names]
    )
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def settings(model: Path) -> Presidio:
    """Return settings with the pipeline."""
    return Presidio(enabled=True, model=model)
