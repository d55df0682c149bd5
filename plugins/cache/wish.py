"""What a request wants of the cache: its `Cache-Control` header and its body's `cache` object."""

import re
from typing import NamedTuple

from localai import Caching, Call, Listing


class Wish(NamedTuple):
    """What may be done for a request; the stricter of header and body counts."""

    reads: bool = True
    """Whether a kept answer will do, or one that others are being given now."""
    writes: bool = True
    """Whether its answer may be kept; if not, nobody else may be given it."""
    max_age: int | None = None
    """Seconds that a kept answer may be old."""
    ttl: int | None = None
    """Seconds to keep the answer at most."""
    tags: tuple[str, ...] = ()

    def accepts(self, age: float) -> bool:
        """Say whether an answer of this age in seconds will do."""
        return self.reads and (self.max_age is None or age <= self.max_age)


NO_WISH = Wish()
_NOTHING = Caching()

# RFC 9111, section 5.2: names in any case, arguments as tokens or quoted.
_DIRECTIVE = re.compile(r"([a-z-]+)(?:\s*=\s*\"?([^\",]*)\"?)?")


def wish_of(call: Call | Listing) -> Wish:
    """Return what a call wants; directives that are not known here mean nothing."""
    header = "" if call.connection is None else call.connection.headers.get("cache-control", "")
    body = call.cache if isinstance(call, Call) else _NOTHING
    if not header and body == _NOTHING:
        return NO_WISH
    said = dict(_DIRECTIVE.findall(header.lower()))
    ages = [age for age in (body.max_age, _seconds(said)) if age is not None]
    no_store = body.no_store or "no-store" in said
    return Wish(
        reads=not (body.no_cache or "no-cache" in said or no_store),
        writes=not no_store,
        max_age=min(ages, default=None),
        ttl=body.ttl,
        tags=body.tags,
    )


def _seconds(said: dict[str, str]) -> int | None:
    """Return `max-age`; one that can't be read lets nothing old pass (RFC 9111, section 4.2.1)."""
    given = said.get("max-age")
    if given is None:
        return None
    text = given.strip()
    return min(int(text[:10]), 2**31) if text.isascii() and text.isdigit() else 0
