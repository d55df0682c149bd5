"""Take HTML out of prose, and leave code, comparisons and everything else as it is.

nh3 (ammonia) parses HTML as browsers do, but what it returns is HTML: `a < b` comes out as
`a &lt; b`. So all that is no tag of HTML is escaped before, and unescaped after.
"""

import re
from functools import cache
from typing import Any

_CODE = re.compile(r"(```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`)", re.DOTALL)
"""Code as Markdown has it; a fence that isn't closed goes on to the end (CommonMark §4.5)."""

# HTML Living Standard §3 (elements), with the obsolete ones of its §16.2, and SVG and MathML roots.
_NAMES = (
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|bgsound|"
    "big|blink|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|"
    "datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|"
    "font|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hgroup|hr|html|i|iframe|"
    "image|img|input|ins|isindex|kbd|keygen|label|legend|li|link|listing|main|map|mark|"
    "marquee|math|menu|menuitem|meta|meter|multicol|nav|nextid|nobr|noembed|noframes|"
    "noscript|object|ol|optgroup|option|output|p|param|picture|plaintext|portal|pre|progress|"
    "q|rb|rp|rt|rtc|ruby|s|samp|script|search|section|select|slot|small|source|spacer|span|"
    "strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|"
    "time|title|tr|track|tt|u|ul|var|video|wbr|xmp"
)

_NO_TAG = re.compile(rf"<(?!/?(?:{_NAMES})(?=[\s/>])|!--)", re.IGNORECASE)
"""A `<` that begins no tag and no comment of HTML: `a < b`, `vector<int>`, `<stdio.h>`."""


MOST_PASSES = 4
"""How often what is left is looked at again: `<scr<b>ipt>` becomes a tag when another one goes.
What is then still not at rest was made to be so, and loses every `<`."""


def strip_html(text: str) -> str:
    """Return the text without HTML tags and comments, and without the content of scripts.

    Code in backticks or fences is not touched. Linear in its length.
    """
    if "<" not in text:
        return text
    for _ in range(MOST_PASSES):
        parts = _CODE.split(text)
        parts[::2] = [_strip(part) for part in parts[::2]]
        stripped = "".join(parts)
        if stripped == text:
            return text
        text = stripped
    return text.replace("<", "")


def _strip(text: str) -> str:
    if "<" not in text:
        return text
    escaped = _NO_TAG.sub("&lt;", text.replace("&", "&amp;"))
    if "<" not in escaped:
        return text
    plain: str = _cleaner().clean(escaped)
    return (
        plain.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\xa0")
        .replace("&amp;", "&")
    )


@cache
def _cleaner() -> Any:
    """Return nh3's cleaner that allows nothing; imported when the first text needs it."""
    import nh3

    return nh3.Cleaner(
        tags=set(), clean_content_tags={"script", "style"}, attributes={}, strip_comments=True
    )
