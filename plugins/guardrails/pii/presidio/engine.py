"""Presidio with one spaCy model, as a function from a text to what it found.

The packages take seconds and hundreds of megabytes to load: all imports are inside functions.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from localai import SettingsError
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.presidio.spans import Span

NAMES = ("PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME")
"""What Presidio finds by a spaCy model; NRP are nationalities, religions and political groups."""

MORE_LABELS = {"FAC": "LOCATION"}
"""Labels of spaCy's models that Presidio does not know by itself: buildings, airports, bridges."""

Find = Callable[[str], list[Span]]


def check_installed(settings: Presidio) -> None:
    """Raise `SettingsError` with the command to run when a package or the model is not there."""
    if find_spec("presidio_analyzer") is None or find_spec("spacy") is None:
        raise SettingsError(
            "presidio: its packages are not installed: "
            "run: pip install 'localai-edge-router[presidio]'"
        )
    if not settings.model.is_dir() and not _is_package(settings.model.name):
        raise SettingsError(
            f"presidio.model: there is no spaCy package '{settings.model.name}' and no folder "
            f"{settings.model}: run: python -m spacy download {settings.model.name}"
        )


def load(settings: Presidio, names: Sequence[str]) -> Find:
    """Load the model and return what finds entities of these names in a text.

    Takes seconds: call it off the event loop. What it returns is for one thread at a time.
    Raises `SettingsError` when the model can't be used.
    """
    analyzer: Any = import_module("presidio_analyzer")
    engines: Any = import_module("presidio_analyzer.nlp_engine")
    recognizers: Any = import_module("presidio_analyzer.predefined_recognizers")
    language = settings.language
    model = str(settings.model) if settings.model.is_dir() else settings.model.name
    nlp = engines.SpacyNlpEngine(models=[{"lang_code": language, "model_name": model}])
    try:
        nlp.load()
    except Exception as error:
        raise SettingsError(
            f"presidio.model: {settings.model.name} can't be loaded: {type(error).__name__}: "
            f"{error}"
        ) from error
    pipeline = nlp.get_nlp(language)
    _map_labels(nlp.ner_model_configuration, pipeline)
    recognizer = recognizers.SpacyRecognizer(
        supported_language=language, supported_entities=list(names)
    )
    engine = analyzer.AnalyzerEngine(
        registry=analyzer.RecognizerRegistry(
            recognizers=[recognizer], supported_languages=[language]
        ),
        nlp_engine=nlp,
        supported_languages=[language],
    )

    def find(text: str) -> list[Span]:
        # Without a zone of its own, each new word would stay in the model's vocabulary for ever.
        with pipeline.memory_zone():
            found = engine.analyze(
                text, language, entities=list(names), score_threshold=settings.threshold
            )
            return [Span(each.entity_type, each.start, each.end) for each in found]

    return find


def _map_labels(configuration: Any, pipeline: Any) -> None:
    """Say what the model's labels stand for; about unknown ones Presidio would log each time."""
    mapping = configuration.model_to_presidio_entity_mapping
    mapping.update(MORE_LABELS | {name: name for name in NAMES})
    labels = {label for of_pipe in pipeline.pipe_labels.values() for label in of_pipe}
    configuration.labels_to_ignore = sorted(labels - set(mapping))


def _is_package(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
