"""How many tokens a call may take, before a model has counted them."""

from localai import Call

TOKENS_PER_WORD = 1.3
"""Of English prose, for common tokenizers."""
CHARACTERS_PER_TOKEN = 4
"""Of text without many blanks: code, base64, and less than enough for Chinese."""
LONG_WORD = 8
"""Characters per word, with its blank, above which a text is measured by its characters."""
LONG_TEXT = 10_000
"""Characters; longer texts are not split, which would copy them and take milliseconds."""
MOST_SPLIT = 100_000
"""Characters of all texts that are split."""
ANSWER = 256
"""Tokens that are reserved for an answer whose length nobody has limited."""
MOST_RESERVED = 4_096
"""Most tokens that are reserved for an answer: clients ask for 32,768 and take 200."""


def prompt_tokens(call: Call) -> int:
    """Estimate the tokens of a call's prompt or inputs; a fraction of a millisecond at most."""
    tokens = float(len(call.context))
    left = MOST_SPLIT
    for text in call.texts():
        size = len(text)
        words = 0
        if size <= LONG_TEXT and size <= left:
            left -= size
            words = len(text.split())
        if size > words * LONG_WORD:
            tokens += size / CHARACTERS_PER_TOKEN
        else:
            tokens += words * TOKENS_PER_WORD
    return int(tokens)


def answer_tokens(call: Call) -> int:
    """Return the tokens to reserve for the answer of a call."""
    if call.kind == "embed":
        return 0
    wanted = call.options.num_predict
    # Ollama reads negative numbers as "until it ends".
    return ANSWER if wanted is None or wanted < 0 else min(wanted, MOST_RESERVED)
