"""What a caller may see and do on the page."""

from typing import Any

from localai import Gateway, Principal

SEE = "metrics:read"
SWITCH = "admin:config"
CALLERS = "admin:routing"
CHAT = "chat"


def rights(gateway: Gateway, scope: Any) -> dict[str, bool]:
    """Return what the caller of an authorised request may do, at the address that it came by."""
    caller: Principal = scope["user"]
    is_split = bool(gateway.settings.server.admin)
    at_admin = scope.get("localai.listener") == "admin"
    return {
        "see": caller.may(SEE),
        "switch": caller.may(SWITCH) and (at_admin or not is_split),
        "callers": caller.may(CALLERS) and (at_admin or not is_split),
        "chat": caller.may(CHAT) and not at_admin,
    }
