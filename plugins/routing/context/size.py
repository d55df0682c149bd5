"""How many tokens of context a call needs, and which of a few sizes that makes."""

from localai import Call, prompt_tokens

BUCKETS = (4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144)
"""Sizes that models are loaded with: few, as Ollama loads a model anew for each other one."""
IMAGE = 768
"""Tokens of an image, as Ollama counts them when it looks whether a chat fits (prompt.go)."""
MESSAGE = 8
"""Tokens that a template puts around a message; ChatML's are 5 to 7."""
CHARACTERS_PER_TOKEN = 4
"""Of tool definitions, which are JSON."""


def prompt_size(call: Call) -> int:
    """Estimate the tokens that a call's prompt takes of a context.

    Inputs of an embedding each have the context to themselves: the longest one counts.
    """
    if call.kind == "embed":
        longest = max(call.inputs, key=len, default="")
        return prompt_tokens(call.replace(inputs=(longest,)))
    images = len(call.images) + sum(len(message.images) for message in call.messages)
    tools = sum(len(str(tool)) for tool in call.tools) // CHARACTERS_PER_TOKEN
    around = MESSAGE * (len(call.messages) + 1)
    return prompt_tokens(call) + images * IMAGE + tools + around


def bucket(tokens: int, limit: int) -> int:
    """Return the smallest size that holds so many tokens, `limit` at most."""
    return min(next((size for size in BUCKETS if size >= tokens), limit), limit)
