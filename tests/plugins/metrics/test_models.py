"""The names of models as labels."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.conventions import OTHER
from plugins.metrics.models import SPELLINGS, ModelNames


def test_a_model_that_answered_has_a_label() -> None:
    """It is the full name in small letters, however it was written, also when it fails later."""
    names = ModelNames(10)
    assert names.label("LLama3.2", answered=False) == OTHER
    assert names.label("LLama3.2", answered=True) == "llama3.2:latest"
    for spelling in ("llama3.2", "llama3.2:latest", "LLAMA3.2:LATEST"):
        assert names.label(spelling, answered=False) == "llama3.2:latest"


@given(st.lists(st.tuples(st.text(max_size=5), st.booleans())))
def test_no_name_makes_more_labels_than_allowed(names: list[tuple[str, bool]]) -> None:
    """Whatever is asked for and answered, the labels stay within their bound, and stay the same."""
    models = ModelNames(2)
    labels = [models.label(name, answered=answered) for name, answered in names]
    assert len(set(labels) - {OTHER}) <= 2
    known = {name: label for (name, _), label in zip(names, labels, strict=True) if label != OTHER}
    assert all(models.label(name, answered=False) == label for name, label in known.items())


def test_what_is_remembered_is_bounded() -> None:
    """A name has any number of spellings; only so many are remembered."""
    models = ModelNames(1)
    models.label("a" * 12, answered=True)
    for number in range(2**12):
        spelling = "".join("aA"[number >> at & 1] for at in range(12))
        assert models.label(spelling, answered=False) == "a" * 12 + ":latest"
        assert len(models._labels) <= SPELLINGS
