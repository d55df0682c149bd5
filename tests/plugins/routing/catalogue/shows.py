"""What `/api/show` says of well-known models, as far as it matters here."""

from typing import Any

EMBEDDING = "token_embd.weight"
OUTPUT = "output.weight"


def show(
    family: str, parameters: int, tensors: dict[str, list[int]] | None = None, **info: Any
) -> Any:
    """Return an answer of `/api/show`; `__` in the names of keys stands for a dot."""
    keys = {f"{family}.{name.replace('__', '.')}": value for name, value in info.items()}
    return {
        "model_info": {
            "general.architecture": family,
            "general.parameter_count": parameters,
            **keys,
        },
        "tensors": [
            {"name": name, "type": "Q4_K", "shape": shape}
            for name, shape in (tensors or {}).items()
        ],
    }


LLAMA_8B = show(
    "llama",
    8_030_261_312,
    block_count=32,
    context_length=131_072,
    embedding_length=4096,
    attention__head_count=32,
    attention__head_count_kv=8,
    vocab_size=128_256,
)
QWEN_30B = show(
    "qwen3moe",
    30_532_122_624,
    block_count=48,
    embedding_length=2048,
    expert_count=128,
    expert_used_count=8,
    expert_feed_forward_length=768,
    feed_forward_length=6144,
    vocab_size=151_936,
    attention__head_count=32,
    attention__head_count_kv=4,
    attention__key_length=128,
    attention__value_length=128,
)
GPT_OSS_20B = show(
    "gptoss",
    20_914_757_184,
    block_count=24,
    embedding_length=2880,
    expert_count=32,
    expert_used_count=4,
    expert_feed_forward_length=2880,
    vocab_size=201_088,
    attention__head_count=64,
    attention__head_count_kv=8,
    attention__key_length=64,
    attention__value_length=64,
    attention__sliding_window=128,
)
GPT_OSS_120B = show(
    "gptoss",
    116_829_156_672,
    block_count=36,
    embedding_length=2880,
    expert_count=128,
    expert_used_count=4,
    expert_feed_forward_length=2880,
    vocab_size=201_088,
)
QWEN_235B = show(
    "qwen3moe",
    235_093_634_560,
    block_count=94,
    embedding_length=4096,
    expert_count=128,
    expert_used_count=8,
    expert_feed_forward_length=1536,
    vocab_size=151_936,
)
SCOUT = show(
    "llama4",
    107_769_861_120,
    block_count=48,
    embedding_length=5120,
    expert_count=16,
    expert_used_count=1,
    expert_feed_forward_length=8192,
    vocab_size=202_048,
    interleave_moe_layer_step=1,
)
DOTS = show(
    "dots1",
    142_774_381_696,
    block_count=62,
    leading_dense_block_count=1,
    embedding_length=4096,
    expert_count=128,
    expert_used_count=6,
    expert_feed_forward_length=1408,
    vocab_size=152_064,
)
