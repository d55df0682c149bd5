r"""A text of a request, looked at as it stands and through its escapes of JSON.

Results of tools are often JSON: `anna\u0040example.org` is an address to the model that reads it.
"""

from localai import Chunk
from plugins.guardrails.stream.answer import AnswerFilter
from plugins.guardrails.stream.filter import Act, scan
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.turns import Turns


async def scan_both_ways(matcher: Matcher, text: str, act: Act, turns: Turns | None = None) -> str:
    r"""Return a text filtered; what is put in where escapes are is written with escapes too.

    In what is no JSON, as `C:\bob`, an escape is probably none: there the text as it stands comes
    first. Raises what the act raises, and `Blocked`.
    """
    turns = turns or Turns()
    if "\\" not in text:
        return await scan(matcher, text, act, turns)
    left: set[str] = set()

    def once(rule: Rule, match: str) -> str | None:
        """Ask about a match that is to be left only once."""
        if match in left:
            return None
        instead = act(rule, match)
        if instead is None:
            left.add(match)
        return instead

    if text.lstrip().startswith(("{", "[")):
        text = await _scan_through(matcher, text, once, turns, is_json=True)
        return await scan(matcher, text, once, turns)
    text = await scan(matcher, text, once, turns)
    return await _scan_through(matcher, text, once, turns, is_json=False)


async def _scan_through(
    matcher: Matcher, text: str, act: Act, turns: Turns, *, is_json: bool
) -> str:
    """Return a text filtered through its escapes; other requests get a turn meanwhile."""
    reading = AnswerFilter(matcher, act, is_json=is_json)
    for _ in reading.steps(Chunk(content=text, done=True)):
        await turns.give()
    given = reading.taken()
    return given.content if given else ""
