"""Names of files: what could be taken for a path, a device or another type is refused."""

import re
from unicodedata import category, normalize

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, with the superscript digits.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ .]*(?:\..*)?")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Control characters, those that turn the direction of text (`gpj.exe`), and halves of pairs."""


def wrong_with(name: str, longest: int) -> str | None:
    """Return what is wrong with a name, as the end of a sentence; `None` if nothing is."""
    if len(name) > longest:
        return f"has more than {longest} characters: shorten it"
    # What another system may fold into a path is a path, such as U+FF0F for a slash.
    folded = normalize("NFKC", name)
    for form in (name, folded):
        if ".." in form or "/" in form or "\\" in form:
            return "has '..' or a slash: send the name alone, without a path"
    if any(category(character) in _UNSEEN for character in name):
        return "has characters that can't be seen: leave them out"
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        return "begins with a dot, or begins or ends with a blank or ends with a dot: rename it"
    if _RESERVED.fullmatch(folded.lower()):
        return "is reserved for a device on some systems: rename it"
    return None
