"""How many tokens a call may take, before a model has counted them."""

from core.messages import Call

TOKENS_PER_WORD = 1.3
"""Of English prose, for common tokenizers."""
CHARACTERS_PER_TOKEN = 4
"""Of ASCII text without many blanks, such as code."""
BYTES_PER_TOKEN = 3.5
"""Of other text in UTF-8: Chinese has 3 bytes and 0.6 to 1 tokens per character, German 1.1 and
0.3."""
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
        if not text.isascii():
            tokens += max(words * TOKENS_PER_WORD, _bytes(text) / BYTES_PER_TOKEN)
        elif size > words * LONG_WORD:
            tokens += size / CHARACTERS_PER_TOKEN
        else:
            tokens += words * TOKENS_PER_WORD
    return int(tokens)


def _bytes(text: str) -> float:
    """Return how long a text is in UTF-8; of a long one its beginning stands for all of it."""
    start = text[:LONG_TEXT]
    return len(start.encode(errors="surrogatepass")) * len(text) / len(start)


def answer_tokens(call: Call) -> int:
    """Return the tokens to reserve for the answer of a call."""
    if call.kind == "embed":
        return 0
    wanted = call.options.num_predict
    # Ollama reads negative numbers as "until it ends".
    return ANSWER if wanted is None or wanted < 0 else min(wanted, MOST_RESERVED)
