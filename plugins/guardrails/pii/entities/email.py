"""Addresses of e-mail, and those written so that machines don't see them."""

import re

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.rule import Rule

# RFC 5321 lets more signs into a local part; where one stands, as in `to='a@b.org'`, it is not
# the address's. Letters of Latin, Greek, Cyrillic and their like; domains (IDN, RFC 5890) have
# those of East Asia too: in a local part they would be the words before it, unspaced.
_LETTERS = "A-Za-z\\u00c0-\\u024f\\u0370-\\u052f"
_LOCAL = f"[0-9{_LETTERS}_+][0-9{_LETTERS}_+.%&~\\-]{{0,63}}"
_HOST = f"[0-9{_LETTERS}\\u0900-\\u1fff\\u3041-\\ud7a3]"
_TOP = (
    f"(?:[{_LETTERS}]{{2,24}}|xn--[0-9A-Za-z\\-]{{2,59}}|[\\u0900-\\u1fff\\u3041-\\ud7a3]{{2,12}})"
)

# What ends names of files, and is no top-level domain: `logo@2x.png`.
_ENDINGS = """
bak bmp cfg conf cpp css csv dll doc docx exe gif gz html htm ico ini java jar jpeg jpg js json jsx
lock log map mjs mp3 mp4 pdf png rb sql svg tar tgz tiff tmp toml ts tsx ttf txt war webp whl woff
woff2 xls xlsx xml yaml yml
"""
_FILES = frozenset(_ENDINGS.split())
_VERSION = re.compile(r"v?[0-9]+\.[0-9]")


def is_email(text: str) -> bool:
    """Say whether a text that is shaped as an address can be one (RFC 5321, RFC 5890).

    At most 64 octets before the `@` and labels of 1 to 63 after it, none with a dash at an end;
    the last is not a file's ending, nor capitalised as the first word of the next sentence is.
    `git@…`, the user of every address of a repository, is nobody.
    """
    local, _, domain = text.rpartition("@")
    if not local or local[-1] == "." or ".." in local or local == "git":
        return False
    labels = domain.split(".")
    top = labels[-1]
    return (
        all(0 < len(label) < 64 and label[0] != "-" and label[-1] != "-" for label in labels)
        and top.lower() not in _FILES
        and (top.islower() or not top[1:].islower())
        and _VERSION.match(domain) is None
    )


def is_obfuscated(text: str) -> bool:
    """Say whether the text is an address once its `[at]` and `(dot)` are signs again."""
    plain = _AT.sub("@", _DOT.sub(".", text))
    return plain.count("@") == 1 and is_email(plain)


_AT = re.compile(r" {0,2}(?:[\[({<] ?at ?[\])}>]|\bAT\b|\bat\b|[\[({<] ?@ ?[\])}>]) {0,2}", re.I)
_DOT = re.compile(r" {0,2}(?:[\[({<] ?(?:dot|\.) ?[\])}>]|\bdot\b) {0,2}", re.I)

_WORD = "[0-9A-Za-z](?:[0-9A-Za-z_+.\\-]{0,62}[0-9A-Za-z])?"
_LABEL = "[0-9A-Za-z][0-9A-Za-z\\-]{0,62}"
_AROUND_AT = r" {0,2}[\[({<] ?(?:at|@) ?[\])}>] {0,2}"
_AROUND_DOT = r"(?:\.| {0,2}[\[({<] ?(?:dot|\.) ?[\])}>] {0,2}| dot )"
_TOPS = "com|org|net|edu|gov|info|io|dev|app|eu|de|uk|fr|es|it|pl|se|nl|ch|at|be|in|au|ca|us|jp|br"

EMAIL = Entity(
    name="email",
    group="contact",
    label="EMAIL",
    rules=(
        Rule(
            name="email",
            pattern=rf"{_LOCAL}@{_HOST}(?:{_HOST[:-1]}.\-]{{0,189}}{_HOST})?\.{_TOP}",
            not_after=f"0-9{_LETTERS}_+.\\-",
            not_before="0-9A-Za-z\\u00c0-\\u024f_",
            is_valid=is_email,
        ),
    ),
)
EMAIL_OBFUSCATED = Entity(
    name="email_obfuscated",
    group="contact",
    label="OBFUSCATED_EMAIL",
    rules=(
        Rule(
            name="email_obfuscated",
            pattern=rf"{_WORD}{_AROUND_AT}{_LABEL}(?:{_AROUND_DOT}{_LABEL}){{1,4}}",
            not_after="0-9A-Za-z_+.\\-",
            not_before="0-9A-Za-z_",
            ignore_case=True,
            is_valid=is_obfuscated,
        ),
        Rule(
            name="email_obfuscated",
            pattern=rf"{_WORD} at {_LABEL}(?: dot {_LABEL}){{0,3}} dot (?:{_TOPS})",
            not_after="0-9A-Za-z_+.\\-",
            not_before="0-9A-Za-z_",
            ignore_case=True,
            is_valid=is_obfuscated,
        ),
    ),
)
