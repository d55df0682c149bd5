"""Does one shell pattern allow all that another one allows?"""

from fnmatch import fnmatchcase


def includes(outer: str, inner: str) -> bool:
    """Say whether `outer` surely matches every text that `inner` matches.

    `inner` is a pattern or a plain text. In doubt the answer is no.
    """
    if inner == outer:
        return True
    is_plain = not any(sign in inner for sign in "*?[")
    # With `*` alone in `outer`, each wildcard of `inner` falls to one of them when `inner` is
    # matched as a text; and whatever it stands for then falls to the same one.
    is_simple = "[" not in inner and "?" not in outer and "[" not in outer
    return (is_plain or is_simple) and fnmatchcase(inner, outer)
