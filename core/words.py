"""English words as search compares them: lower case, without endings, without function words."""

import re
from functools import lru_cache

_LIST = """
a about all am an and any are as at be been being but by can could did do does doing done explain
for from get give had happen happens has have he hello help hey hi how i if in into is it its just
know let like make may me might mean means my need no not of off on one or our out please say she
should so some tell than thank thanks that the their them then there these they this to up us use
used using want was we were what when where which who why will with work works would you your
"""
FUNCTION_WORDS = frozenset(_LIST.split())
"""Words that say nothing of a text's subject."""

_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?<=\w{3})(?:ations?|ating|ated?|ates|ings?|ers?|ies|ed|es|[esy])$")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")


def stems(text: str) -> list[str]:
    """Return the words of a text, each cut to its stem, function words left out.

    The endings are few and the rules simple, so that `cached`, `caches` and `caching` meet;
    words of other languages pass mostly as they are.
    """
    found = _WORD.findall(text.lower())
    return [stem(word) for word in found if word not in FUNCTION_WORDS]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Cut an English ending from a word in lower case."""
    return _DOUBLED.sub(r"\1", _ENDING.sub("", word))
