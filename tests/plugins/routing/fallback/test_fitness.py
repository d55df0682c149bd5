"""Whether another model can do what a call asks for."""

from typing import Any, cast

import pytest

from localai import Gateway, Message
from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.fallback.fitness import fits, needs_of
from tests.plugins.support import a_call

PICTURE = Message(role="user", content="What is it?", images=("aGk=",))


class Known:
    """Stands for a gateway with a catalogue, and for that."""

    def __init__(self, *capabilities: str) -> None:
        self._model = Model(facts=Facts(name="tiny", capabilities=frozenset(capabilities)))

    def find(self, what: type | str) -> Any:
        """Return the catalogue, or a model in it."""
        return (self._model if what == "tiny" else None) if isinstance(what, str) else self


def knowing(*capabilities: str) -> Gateway:
    """Return a gateway whose catalogue knows what the model `tiny` can do."""
    return cast("Gateway", Known(*capabilities))


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, {"completion"}),
        ({"tools": ({"type": "function"},)}, {"completion", "tools"}),
        ({"messages": (PICTURE,)}, {"completion", "vision"}),
        ({"kind": "generate", "prompt": "x", "images": ("aGk=",)}, {"completion", "vision"}),
        ({"kind": "generate", "prompt": "x", "suffix": "y"}, {"completion", "insert"}),
        ({"think": "high"}, {"completion", "thinking"}),
        ({"think": False}, {"completion"}),
    ],
)
def test_a_model_must_be_able_to_do_all_that_is_asked(
    changes: dict[str, Any], needs: set[str]
) -> None:
    """It fits with all of the capabilities, and with none of them missing."""
    call = a_call(**changes)
    assert needs_of(call) == needs
    assert fits(call, "tiny", knowing(*needs, "more"))
    for missing in needs:
        assert not fits(call, "tiny", knowing(*needs - {missing}, "more"))


def test_what_nobody_knows_is_tried() -> None:
    """No catalogue, a model that is not in it, and one whose capabilities are not told."""
    call = a_call(tools=({"type": "function"},))
    assert fits(call, "tiny", None)
    assert fits(call, "other", knowing("completion"))
    assert fits(call, "tiny", knowing())
