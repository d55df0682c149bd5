"""Whether a request was made by a page of this router, or by no page at all.

The page sends its key itself, so no other page can act for whoever has it open; this is the second
door, for those who are let in without a key.
"""

from urllib.parse import urlsplit

from localai import Connection, Forbidden


def check_origin(connection: Connection) -> None:
    """Raise `Forbidden` for a request of another site's page.

    Browsers tell by `Sec-Fetch-Site` where they know that it is private (Fetch Metadata, W3C),
    and by `Origin` otherwise; programs send neither.
    """
    headers = connection.headers
    site = headers.get("sec-fetch-site")
    if site is not None:
        is_own = site in ("same-origin", "none")
    elif (origin := headers.get("origin")) is not None:
        is_own = _place(origin) == headers.get("host", "").lower()
    else:
        is_own = True
    if not is_own:
        raise Forbidden("web pages of other sites may not do this: use the router's own, at /ui")


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
