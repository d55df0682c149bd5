"""What the file may say of an experiment."""

from typing import Any

import msgspec
import pytest

from plugins.routing.experiments.settings import Experiment

GOOD: dict[str, Any] = {"model": "chat", "variants": {"a": 0.8, "b": 0.2}}


def test_a_model_and_variants_are_enough() -> None:
    """Users stay with their variant, and there is no shadow."""
    found = msgspec.convert(GOOD, Experiment)
    assert (found.sticky, found.salt, found.shadow) == ("user", "", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"variants": {}},
        {"variants": {str(number): 1 for number in range(9)}},
        {"variants": {"a": -1}},
        {"variants": {"a": "much"}},
        {"sticky": "cookie"},
        {"shadow": {"c": 1.5}},
        {"model": ""},
        {"models": ["a"]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """Bounds hold, and misspelt names are found."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(GOOD | wrong, Experiment)
