"""How many weights work on one token: in a mixture of experts, few of them.

    active = all - experts · (1 - used / count) - token embedding

`experts` are the weights of all experts: those of the tensors `*_exps`, or where no tensors are
listed

    layers with experts · count · 3 · embedding length · feed-forward length of one expert

with the three matrices gate, up and down. Of the token embedding one row is read per token; where
the same matrix makes the output too (there is no tensor `output.weight`) it is read whole.

Against what their makers say: gpt-oss-20b 3.6 (3.6) of 20.9 billion, gpt-oss-120b 5.2 (5.1) of
116.8, Qwen3-30B-A3B 3.0 (3.3) of 30.5, Qwen3-235B-A22B 21.6 (22) of 235, Llama-4-Scout 16.1 (17)
of 107.8, dots.llm1 13.4 (14) of 142.8. Some makers count the row's whole matrix, some do not.
"""

import math

from plugins.routing.catalogue.info import Info

MATRICES = 3
"""Of an expert: gate, up and down."""


def active_parameters(info: Info, total: int) -> int:
    """Return how many of `total` weights work on one token: all, unless there are experts."""
    count, used = info.number("expert_count"), info.number("expert_used_count")
    if not 0 < used < count:
        return total
    experts = info.weights("_exps.") or _experts(info, count)
    if not 0 < experts < total:
        return total
    active = total - experts + experts * used // count - _embedding(info) - info.set_aside
    return active if 0 < active < total else total


def _experts(info: Info, count: int) -> int:
    layers = info.layers - info.number("leading_dense_block_count")
    layers //= max(1, info.number("interleave_moe_layer_step"))
    width = info.number("expert_feed_forward_length") or info.number("feed_forward_length")
    return max(0, layers) * count * MATRICES * info.number("embedding_length") * width


def _embedding(info: Info) -> int:
    """Return the weights of the token embedding that are not read."""
    shape = info.tensors.get("token_embd.weight")
    if shape is not None:
        return math.prod(shape) if "output.weight" in info.tensors else 0
    return info.number("vocab_size") * info.number("embedding_length")
