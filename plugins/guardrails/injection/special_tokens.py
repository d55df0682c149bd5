"""Makes the control tokens of chat templates literal in what users and tools say.

A tokenizer reads `<|im_start|>` as "the next turn begins", wherever it stands. With a space
inside each end, `< |im_start| >`, it is text for every tokenizer, and still what a reader takes
it for; unlike an invisible character, a space is not removed again by a later cleaning.

What looks like a token but has no power is left alone: pipes of F# and shells (`<| f |>`), HTML
such as `<b>` and `<s>struck</s>` in one line, and the tokens by which code editors ask to fill in
the middle. A lone `<s>` or `</s>` is a token; so is `a<|b|>c`, a pipe written without spaces.
"""

import asyncio
import re
from collections.abc import Iterator

_LITERALS = (
    # Llama 2, Mistral (tokenizer_config.json of the models)
    *("<<SYS>>", "<</SYS>>", "<s>", "</s>", "<unk>"),
    *("[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CONTENT]", "[CALL_ID]"),
    *("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[MODEL_SETTINGS]", "[/MODEL_SETTINGS]"),
    *("[THINK]", "[/THINK]", "[IMG]", "[IMG_BREAK]", "[IMG_END]", "[BEGIN_AUDIO]"),
    # Gemma
    *("<bos>", "<eos>", "<pad>", "<mask>", "<start_of_turn>", "<end_of_turn>"),
    *("<start_of_image>", "<end_of_image>", "<image_soft_token>", "<audio_soft_token>"),
    *("<start_function_call>", "<end_function_call>", "<start_function_response>"),
    *("<end_function_response>", "<start_function_declaration>", "<end_function_declaration>"),
    # Command R, GLM, InternLM, MiniMax
    *("<BOS_TOKEN>", "<EOS_TOKEN>", "<EOP_TOKEN>", "[gMASK]", "[sMASK]", "<sop>", "<eop>"),
    *("<eoh>", "<eoa>", "]~!b[", "]~b]", "[e~["),
)
_FORMS = (
    # ChatML, Llama 3 and 4, Phi, Granite, gpt-oss, Qwen …; but not those that fill in the middle
    r"<\|(?!fim_|repo_name\||file_sep)[^\s<>|]{1,64}\|>",
    r"<\|[A-Za-z]\w{0,63}>",
    r"<[A-Za-z]\w{0,63}\|>",
    # DeepSeek
    r"<\uff5c(?!fim\u2581)[^\s<>\uff5c]{1,64}\uff5c>",
    # EXAONE
    r"\[\|[^\s\[\]|]{1,64}\|\]",
    # Nemotron, Baichuan, T5
    r"<(?:SPECIAL|reserved|extra_id)_\d{1,4}>",
    # where Ollama itself puts an image into a prompt
    r"\[img-\d{1,20}\]",
)
_TURNS = r"</?(?:think|tool_call|tool_response|tools|function_calls|function_results)>"
"""Tags that assistants and those who instruct them write rightly, and a tool's result does not."""
_STRUCK = r"(?P<struck><s>[^<\[\]\n]{1,200}</s>)"

_tokens = "|".join((_STRUCK, *map(re.escape, _LITERALS), *_FORMS))
_beginning = re.compile(r"[<\[\]](?=[|/~A-Za-z\uff5c]|</?S)")
"""How each token begins; to look for this first is ten times as fast."""
_any = re.compile(_tokens)
_any_of_tools = re.compile(f"{_tokens}|{_TURNS}")


_SLICE = 4096
"""Characters that are looked at before others have their turn."""


def neutralise(text: str, role: str = "user") -> tuple[str, int]:
    """Return the text with its control tokens made literal, and how many there were.

    `role` is who says it; results of tools (`tool`) may also not open thoughts or tool calls.
    The same object is returned if there were none. Leave prompts alone whose caller writes the
    template, as with `raw` of Ollama.
    """
    if not _may_have_any(text):
        return text, 0
    return _result(text, list(_pieces(text, role)))


async def neutralise_gently(text: str, role: str = "user") -> tuple[str, int]:
    """Do the same, and give way to the event loop in between: for texts of any length."""
    if not _may_have_any(text):
        return text, 0
    pieces = []
    for piece in _pieces(text, role):
        pieces.append(piece)
        await asyncio.sleep(0)
    return _result(text, pieces)


def _may_have_any(text: str) -> bool:
    return "<" in text or "[" in text or "]~" in text


def _result(text: str, pieces: list[tuple[str, int]]) -> tuple[str, int]:
    found = sum(count for _, count in pieces)
    return ("".join(piece for piece, _ in pieces) if found else text), found


def _pieces(text: str, role: str) -> Iterator[tuple[str, int]]:
    """Yield slice for slice what shall stand there, and how many tokens were in it."""
    tokens = _any_of_tools if role == "tool" else _any
    at = 0
    while at < len(text):
        begin, end = at, min(at + _SLICE, len(text))
        parts: list[str] = []
        found = 0
        for start in map(re.Match.start, _beginning.finditer(text, at, end + 1)):
            if start < at or start >= end or (match := tokens.match(text, start)) is None:
                continue
            token = match[0]
            if match.lastgroup != "struck":
                found += 1
                token = f"{token[0]} {token[1:-1]} {token[-1]}"
            parts += (text[at:start], token)
            at = match.end()
        if at < end:
            parts.append(text[at:end])
            at = end
        yield "".join(parts) if found else text[begin:at], found
