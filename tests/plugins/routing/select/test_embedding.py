"""The model of a policy for embeddings."""

import pytest

from localai import Forbidden, InvalidRequest, ModelNotFound, Principal
from plugins.routing.catalogue.model import Model
from plugins.routing.select.embedding import Pins
from plugins.routing.select.policy import Policy
from tests.plugins.routing.select.test_candidates import model

ONE = model("one:latest", can="embedding")
TWO = model("two:latest", can="embedding")
CHAT = model("chat:latest")
ANYONE = Principal(id="someone")


def catalogue(*models: Model) -> dict[str, Model]:
    """Return the models by name."""
    return {each.name: each for each in models}


def test_the_only_one_is_taken_and_kept() -> None:
    """What was taken is taken again, also when there are others by then, or none."""
    pins = Pins()
    for models in (catalogue(ONE, CHAT), catalogue(TWO, ONE), catalogue()):
        assert pins.model("auto", Policy(), models, ANYONE) == "one:latest"


def test_the_file_may_say_which() -> None:
    """The setting counts whatever there is."""
    policy = Policy(embedding="two")
    assert Pins().model("auto", policy, catalogue(ONE, TWO), ANYONE) == "two"


def test_of_several_none_is_taken() -> None:
    """Vectors must not mix, so the file must say which, and the message says how."""
    with pytest.raises(InvalidRequest, match="embedding in") as caught:
        Pins().model("auto", Policy(), catalogue(ONE, TWO), ANYONE)
    assert "one:latest, two:latest" in caught.value.message


def test_candidates_narrow_it_down() -> None:
    """A model that the policy leaves out is none of several."""
    policy = Policy(candidates=("*", "!one"))
    assert Pins().model("auto", policy, catalogue(ONE, TWO), ANYONE) == "two:latest"


def test_without_one_the_remedy_is_said() -> None:
    """No model for embeddings is a 404 with a command."""
    with pytest.raises(ModelNotFound, match="ollama pull"):
        Pins().model("auto", Policy(), catalogue(CHAT), ANYONE)


def test_who_may_not_use_it_gets_no_other() -> None:
    """Another caller's vectors come from the same model, so a key without it is refused."""
    caller = Principal(id="someone", models=("auto", "two"))
    with pytest.raises(Forbidden):
        Pins().model("auto", Policy(), catalogue(ONE), caller)
