"""Whom a request is for, to give them the same variant each time."""

from typing import Literal

from localai import Call

HEADER = "x-user-id"


def identity(call: Call, sticky: Literal["user", "principal", "none"]) -> str | None:
    """Return a text that is the same for the same user; `None` for who can't be told apart.

    Users of different tenants are different ones, whatever they call themselves.
    """
    if sticky == "none":
        return None
    principal = call.principal
    if sticky == "user":
        named = call.connection.headers.get(HEADER, "") if call.connection is not None else ""
        if user := named or call.user:
            return f"{principal.tenant}\0{user}"
    if principal.is_anonymous:
        return None
    return f"{principal.tenant}\0{principal.user or principal.id}"
