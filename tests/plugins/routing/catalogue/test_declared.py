"""What the file says of models."""

from typing import Any

import msgspec
import pytest

from localai import SettingsError
from plugins.routing.catalogue.declared import Declarations, Declared
from plugins.routing.catalogue.model import Facts

FACTS = Facts(
    name="qwen2.5:7b",
    size=4_700_000_000,
    quantisation="Q4_K_M",
    parameters=7_600_000_000,
    active_parameters=7_600_000_000,
)


def declarations(models: dict[str, Any]) -> Declarations:
    """Return what a file says."""
    return Declarations(msgspec.convert(models, dict[str, Declared]))


def test_a_model_has_what_is_said_of_it() -> None:
    """Quality, price, tags, context and slots are the file's; the rest is the host's."""
    said = {
        "quality": "excellent",
        "price": 0.2,
        "tags": ["code"],
        "num_ctx": 16_384,
        "slots": 2,
    }
    model = declarations({"Qwen2.5:7B": said}).model({"a": FACTS, "b": FACTS.replace(size=1)})
    assert (model.quality, model.price, set(model.tags)) == (0.9, 0.2, {"code"})
    assert (model.num_ctx, model.slots, model.facts) == (16_384, 2, FACTS)
    assert list(model.hosts) == ["a", "b"]


def test_what_is_not_said_is_guessed_or_left() -> None:
    """Without a word the quality comes from the weights, and nothing is pinned."""
    model = declarations({"other": {"quality": 1}}).model({"a": FACTS})
    assert model.quality == pytest.approx(0.77, abs=0.01)
    assert (model.price, model.tags, model.num_ctx, model.slots) == (0.0, frozenset(), 0, 0)


def test_patterns_come_first_and_names_last() -> None:
    """Of what several entries say of one thing, a later pattern counts, and the name most."""
    said = declarations(
        {
            "qwen2.5:7b": {"price": 3},
            "*": {"quality": 0.1, "price": 1, "slots": 4},
            "qwen*": {"quality": "good", "price": 2, "tags": ["qwen"]},
        }
    )
    found = said.of("QWEN2.5:7b")
    assert (found.price, found.quality, found.slots, found.tags) == (3, "good", 4, ("qwen",))
    assert said.of("llama3.2").quality == 0.1
    assert said.names == ["qwen2.5:7b"]


def test_zero_is_something_that_is_said() -> None:
    """A name can take back what a pattern says."""
    said = declarations({"*": {"quality": 0.9, "num_ctx": 8192}, "x": {"quality": 0, "num_ctx": 0}})
    assert (said.of("x").quality, said.of("x").num_ctx) == (0, 0)


def test_weights_can_be_corrected() -> None:
    """Numbers of the file count in place of the host's, on every host."""
    said = declarations({"*": {"parameters": "30.5B", "active_parameters": "3.3B"}})
    model = said.model({"a": FACTS, "b": FACTS})
    for facts in (model.facts, *model.hosts.values()):
        assert (facts.parameters, facts.active_parameters) == (30_500_000_000, 3_300_000_000)
    half = FACTS.replace(active_parameters=3_800_000_000)
    model = declarations({"*": {"parameters": "10B"}}).model({"a": half})
    assert (model.facts.parameters, model.facts.active_parameters) == (10**10, 5 * 10**9)
    model = declarations({"*": {"active_parameters": "99B"}}).model({"a": FACTS})
    assert model.facts.active_parameters == FACTS.parameters


@pytest.mark.parametrize("name", ["parameters", "active_parameters"])
def test_a_number_that_is_none_is_an_error(name: str) -> None:
    """The error names the model and the setting."""
    with pytest.raises(SettingsError, match=rf'models."qwen".{name}: expected a number'):
        declarations({"qwen": {name: "seven"}})


@pytest.mark.parametrize(
    "said", [{"quality": 1.5}, {"quality": "best"}, {"slots": 9}, {"price": -1}, {"colour": "red"}]
)
def test_what_can_not_be_is_refused(said: dict[str, Any]) -> None:
    """Numbers out of bounds, other words and unknown settings are errors of the file."""
    with pytest.raises(msgspec.ValidationError):
        declarations({"x": said})
