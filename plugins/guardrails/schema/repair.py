"""Getting to a valid answer: by taking off what stands around it, or by asking once more."""

import re

from localai import Call, Message
from plugins.guardrails.schema.judge import Flaw

_FENCE = re.compile(r"\s*```[A-Za-z0-9_-]{0,20}[ \t]*\n(?P<inside>.*)\n[ \t]*```\s*", re.DOTALL)


def unfenced(text: str) -> str | None:
    """Return what is inside of the Markdown fence around a whole text; `None` if there is none."""
    if not (text.lstrip().startswith("```") and text.rstrip().endswith("```")):
        return None
    found = _FENCE.fullmatch(text)
    return found and found["inside"]


def again(call: Call, answer: str, flaw: Flaw) -> Call:
    """Return the call with the answer that it got and a word on what is wrong with it."""
    correction = (
        f"Your answer can't be used: {flaw.hint}. Answer again, with all of the answer and "
        "nothing else, in the form that was asked for."
    )
    if call.kind == "chat":
        turns = (
            Message(role="assistant", content=answer),
            Message(role="user", content=correction),
        )
        return call.replace(messages=call.messages + turns)
    return call.replace(prompt=f"{call.prompt}\n\n{answer}\n\n{correction}\n")
