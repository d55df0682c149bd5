"""What a model's file says of its own make."""

from typing import Any

from plugins.routing.catalogue.info import Info
from tests.plugins.routing.catalogue.shows import LLAMA_8B, show


def test_keys_are_those_of_the_family() -> None:
    """A key is looked up under the name of the file's own architecture."""
    info = Info(LLAMA_8B)
    assert (info.family, info.parameters, info.layers) == ("llama", 8_030_261_312, 32)
    assert info.number("attention.head_count_kv") == 8
    assert info.value("nothing") is None
    assert info.number("nothing") == 0


def test_layers_that_guess_ahead_are_set_aside() -> None:
    """They are not counted, and their tensors are left out."""
    tensors = {
        "blk.0.attn_k.weight": [3],
        "blk.1.attn_k.weight": [5],
        "output.weight": [7],
        "blk.1.eh_proj": [4],
    }
    info = Info(show("x", 15, tensors, block_count=2, nextn_predict_layers=1))
    assert info.layers == 1
    assert dict(info.tensors) == {"blk.0.attn_k.weight": (3,), "output.weight": (7,)}
    assert info.set_aside == 9
    assert info.weights("attn_k") == 3
    assert Info(show("x", 15, tensors, block_count=2)).set_aside == 0


def test_nonsense_is_nothing() -> None:
    """No answer, no family, too many layers and shapes without a size are as if not there."""
    answers: tuple[Any, ...] = (None, [], {}, {"model_info": 7, "tensors": "x"})
    for shown in answers:
        info = Info(shown)
        assert (info.family, info.parameters, info.layers, dict(info.tensors)) == ("", 0, 0, {})
    assert Info(show("x", 1, block_count=10**6)).layers == 0
    assert Info(show("x", 1, block_count=1, nextn_predict_layers=1)).layers == 0
    odd = {"a_exps.": [], "b_exps.": [0, 4], "c_exps.": [2**60, 2**60]}
    assert dict(Info(show("x", 1, odd, block_count=1)).tensors) == {}
    assert (
        dict(Info({"tensors": [1, {"name": 3}, {"name": "a_exps.", "shape": None}]}).tensors) == {}
    )
