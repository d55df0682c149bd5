"""Numbers of telephones: international ones, and national ones in groups; never bare digits."""

import re

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import DASH, SEPARATOR, SPACE, WORD, digits_of
from plugins.guardrails.stream.rule import Rule

# Fewest and most digits after each calling code of ITU-T E.164, by the national plans.
_PLANS = """
5-8 500 682 247 4-8 290 683 690 598 6-6 298 299 672 681 687 5-7 676 677 678 688 6-7 597 6-8 689
7-7 238 239 246 248 269 291 297 501 592 673 674 679 680 691 692 960 5-8 47 686
7-8 230 241 267 372 507 599 670 675 961 974 975
8-8 45 216 222 223 226 227 228 232 235 236 253 257 266 268 350 356 357 370 371 373 374 382 386 389
8-8 502 503 504 505 506 509 591 852 853 965 968 973 993
8-9 32 36 51 66 213 224 250 258 264 355 377 385 387 593 855 962 963 970 971
7-9 46 220 231 245 254 265 354 423 967 6-9 40 48 252 359 376 421 508 595 5-9 61
9-9 33 34 41 56 93 94 211 212 218 221 233 237 240 242 244 249 251 255 256 260 261 262 351 375 380
9-9 420 590 594 596 966 992 994 995 996 998
10-10 1 7 30 52 58 91 225 229 7-10 44 84 90 243 353 8-10 20 57 60 378 850 856 964 976 977
9-10 81 263 881 6-10 53 63 95 880 5-10 27 64 98 685 5-11 31 82 10-11 54 55 8-11 65 886 7-11 86 352
6-12 39 381 8-12 383 883 972 7-12 62 882 9-12 92 870 5-12 358 10-14 234 6-13 43 49 12-12 878
11-11 888 8-8 800 808 9-9 979
"""


def _lengths() -> dict[str, range]:
    lengths: dict[str, range] = {}
    plan = range(0)
    for word in _PLANS.split():
        if "-" in word:
            fewest, most = word.split("-")
            plan = range(int(fewest), int(most) + 1)
        else:
            lengths[word] = plan
    return lengths


_LENGTHS = _lengths()
_EXTENSION = re.compile(r" ?(?:ext|x)[a-z.]{0,7} ?[0-9]{1,6}$", re.I)
_THOUSANDS = re.compile(r"0[0-9]{2}[^0-9][0-9]{3}[^0-9][0-9]{3}")
_DATE = re.compile(r"0[1-9]([./-])[0-3][0-9]\1(?:19|20)[0-9]{2}")


def is_international(text: str) -> bool:
    """Say whether a text is a calling code of ITU-T E.164 and as many digits as its plan has.

    `(0)`, the trunk prefix that isn't dialled from abroad, doesn't count.
    """
    digits = digits_of(_EXTENSION.sub("", text).replace("(0)", ""))
    if text[0] == "0":
        digits = digits[2:]
        if text.isdecimal():
            return False
    for length in (1, 2, 3):
        plan = _LENGTHS.get(digits[:length])
        if plan is not None:
            rest = digits[length:]
            # Many write the trunk prefix after the code, without its parentheses.
            return len(rest) in plan or (rest[:1] == "0" and len(rest) - 1 in plan)
    return False


def is_north_american(text: str) -> bool:
    """Say whether the area and the exchange of a number can be given out (NANP).

    Neither begins with 0 or 1, and neither is a service code, as 911.
    """
    digits = digits_of(_EXTENSION.sub("", text))[-10:]
    return (
        digits[0] > "1"
        and digits[3] > "1"
        and digits[1] != "9"
        and digits[1:3] != "11"
        and digits[4:6] != "11"
    )


def is_national(text: str) -> bool:
    """Say whether a number in groups, after the trunk prefix 0, has 9 to 12 digits.

    Dates, and pieces of longer numbers in groups of three, are none."""
    return (
        9 <= len(digits_of(text)) <= 12
        and _DATE.match(text) is None
        and _THOUSANDS.fullmatch(text) is None
    )


_BREAK = f"[{SEPARATOR}./]"
_EXTRA = r"(?: ?(?:ext\.?|x|extension) ?[0-9]{1,6})?"
PHONE = Entity(
    name="phone",
    group="contact",
    label="PHONE",
    rules=(
        Rule(
            name="phone",
            pattern=rf"\+[1-9](?:[{SEPARATOR}./()]{{0,2}}[0-9]){{6,15}}{_EXTRA}",
            not_after=f"{WORD}+",
            not_before=WORD,
            is_valid=is_international,
        ),
        Rule(
            name="phone",
            pattern=(
                rf"00 ?[1-9][0-9]{{0,2}}(?:[{SEPARATOR}./()]{{1,2}}[0-9]{{1,8}}){{1,6}}{_EXTRA}"
            ),
            not_after=f"{WORD}+.\\-/",
            not_before=WORD,
            is_valid=is_international,
        ),
        Rule(
            name="phone",
            pattern=(
                rf"(?:1{_BREAK})?(?:\([2-9][0-9]{{2}}\)[{SPACE}]?|[2-9][0-9]{{2}}{_BREAK})"
                rf"[2-9][0-9]{{2}}{_BREAK}[0-9]{{4}}{_EXTRA}"
            ),
            not_after=f"{WORD}+.\\-/",
            not_before=f"{WORD}\\-",
            is_valid=is_north_american,
        ),
        Rule(
            name="phone",
            pattern=(
                rf"(?:\(0[1-9][0-9]{{0,4}}\)[{SPACE}]?|0[1-9][0-9]{{0,4}}[{SEPARATOR}/.])"
                rf"(?:[0-9]{{4,9}}|[0-9]{{3,4}}[{SEPARATOR}.][0-9]{{3,5}}"
                rf"|[0-9]{{3}}[{SEPARATOR}.][0-9]{{2,3}}[{SEPARATOR}.][0-9]{{2}}"
                rf"|[0-9]{{2}}(?:[{SEPARATOR}.][0-9]{{2}}){{2,3}})"
            ),
            not_after=f"{WORD}+.,\\-/",
            not_before=f"{WORD}\\-",
            is_valid=is_national,
        ),
        # Without a trunk prefix: shapes that only numbers of telephones have. 3-3-3 with spaces is
        # how a number of nine digits is written, too.
        Rule(
            name="phone",
            pattern=(
                rf"(?:[679][0-9]{{2}}[{SPACE}][0-9]{{2}}[{SPACE}][0-9]{{2}}[{SPACE}][0-9]{{2}}"
                rf"|[1-9][0-9][{SPACE}][0-9]{{3}}[{SEPARATOR}][0-9]{{2}}[{SEPARATOR}][0-9]{{2}}"
                rf"|3[2-9][0-9][{SPACE}](?:[0-9]{{3}}[{SPACE}][0-9]{{4}}|[0-9]{{6,7}}"
                rf"|[0-9]{{2}}[{SPACE}][0-9]{{2}}[{SPACE}][0-9]{{3}})"
                rf"|[5-7][0-9]{{2}}[{DASH}][0-9]{{3}}[{DASH}][0-9]{{3}})"
            ),
            not_after=f"{WORD}+.,\\-/",
            not_before=f"{WORD}\\-",
        ),
    ),
)
