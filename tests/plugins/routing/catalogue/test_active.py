"""How many weights work on one token."""

from typing import Any

import pytest

from plugins.routing.catalogue.active import active_parameters
from plugins.routing.catalogue.info import Info
from tests.plugins.routing.catalogue import shows


def active(shown: Any) -> int:
    """Return the number of a model."""
    info = Info(shown)
    return active_parameters(info, info.parameters)


@pytest.mark.parametrize(
    ("shown", "billions"),
    [
        (shows.GPT_OSS_20B, 3.6),
        (shows.GPT_OSS_120B, 5.1),
        (shows.QWEN_30B, 3.3),
        (shows.QWEN_235B, 22),
        (shows.SCOUT, 17),
        (shows.DOTS, 14),
    ],
    ids=["gpt-oss-20b", "gpt-oss-120b", "qwen3-30b", "qwen3-235b", "llama4-scout", "dots1"],
)
def test_mixtures_come_near_to_what_their_makers_say(shown: Any, billions: float) -> None:
    """Without a list of tensors, the sizes in the file give the active weights within 8 %."""
    assert active(shown) / 1e9 == pytest.approx(billions, rel=0.08)


@pytest.mark.parametrize(
    ("shown", "gigabytes", "measured"),
    [
        (shows.GPT_OSS_20B, 13.8, 2.38),
        (shows.GPT_OSS_120B, 65.4, 2.87),
        (shows.QWEN_30B, 17.7, 1.91),
    ],
    ids=["gpt-oss-20b", "gpt-oss-120b", "qwen3-30b"],
)
def test_active_bytes_are_those_of_the_reference(
    shown: Any, gigabytes: float, measured: float
) -> None:
    """The share of a file that is read for one token is that of the measured table, within 8 %."""
    share = active(shown) / Info(shown).parameters
    assert gigabytes * share == pytest.approx(measured, rel=0.08)


def test_all_weights_of_a_dense_model_work() -> None:
    """Without experts, or with all of them used, no weight rests."""
    assert active(shows.LLAMA_8B) == 8_030_261_312
    assert active(shows.show("x", 100, expert_count=8, expert_used_count=8)) == 100
    assert active(shows.show("x", 100, expert_count=8)) == 100


def test_tensors_count_more_than_sizes() -> None:
    """Where tensors are listed, the experts' own count, whatever else the file says."""
    tensors = {
        shows.EMBEDDING: [10, 30],
        shows.OUTPUT: [10, 30],
        "blk.0.ffn_up_exps.weight": [10, 10, 4],
        "blk.0.ffn_up_shexp.weight": [10, 10],
    }
    counts = {"expert_count": 4, "expert_used_count": 1, "block_count": 1}
    assert active(shows.show("x", 1100, tensors, **counts)) == 1100 - 300 - 300
    del tensors[shows.OUTPUT]
    assert active(shows.show("x", 800, tensors, **counts)) == 800 - 300


def test_layers_that_guess_ahead_do_not_work() -> None:
    """The layers for the token after the next, which come last, are no part of it."""
    tensors = {f"blk.{layer}.ffn_up_exps.weight": [10, 10, 4] for layer in range(3)}
    tensors["blk.2.attn_k.weight"] = [10, 10]
    counts = {"expert_count": 4, "expert_used_count": 1, "block_count": 3}
    counts["nextn_predict_layers"] = 1
    assert active(shows.show("x", 1300, tensors, **counts)) == 200


@pytest.mark.parametrize(
    "info",
    [
        {"expert_count": 4, "expert_used_count": 1},
        {"expert_count": 4, "expert_used_count": 9},
        {
            "expert_count": 4,
            "expert_used_count": 1,
            "block_count": 10,
            "embedding_length": 10**6,
            "expert_feed_forward_length": 10**6,
        },
    ],
)
def test_what_makes_no_sense_counts_as_dense(info: dict[str, Any]) -> None:
    """Sizes that are missing, or give more experts than there are weights, leave all active."""
    assert active(shows.show("x", 1000, **info)) == 1000
