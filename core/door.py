"""What is turned away before any route sees it; plugins around the application see that too."""

from typing import TYPE_CHECKING, Any

from core.api.dialects import send_error
from core.errors import GatewayError, Misdirected, NotFound, ShuttingDown
from core.trust import MAX_NAME, host_name

if TYPE_CHECKING:
    from core.gateway import Gateway
    from core.generation import Generation

ADMIN = "/admin"
"""What needs a scope that begins with `admin:` stands below this path, so that it can be moved."""

AT_ADMIN = (ADMIN, "/auth", "/health", "/metrics", "/schema", "/ui")
"""What [server] admin serves, with all below it; of these only the first leaves the main address.

No inference is served there, so that its limits and logs are those of the main address.
"""

FOLDERS = frozenset({"/", "/ui/"})
"""Paths that end in a `/`: what a page there names beside itself is below them."""

PROBES = frozenset({"/health/live", "/health/ready"})
"""Paths for any `Host`: orchestrators ask by address."""

LISTENER = "localai.listener"
"""Key of the ASGI scope that says where a request came in: "admin", or nothing for the main one."""


def at_the_door(generation: "Generation", gateway: "Gateway", app: Any) -> Any:
    """Wrap the application by the checks that every request passes, whatever its path."""
    trust = generation.trust
    is_split = bool(generation.settings.server.admin)

    def refusal(scope: Any, path: str) -> GatewayError | None:
        if trust.hosts and path not in PROBES and not trust.answers_to(host := _host(scope)):
            return Misdirected(
                f"this router does not answer to '{host_name(host)[:MAX_NAME]}': "
                "add the name to [server] allowed_hosts, or call it by one that is there"
            )
        if gateway.draining and not is_below(path, "/health"):
            return ShuttingDown("the router shuts down: try again", retry_after=5)
        if path.endswith("/") and path not in FOLDERS:
            return NotFound(f"there is nothing at {path}: leave out the '/' at its end")
        if is_split and not _is_here(path, scope.get(LISTENER) == "admin"):
            return nothing_at(path)
        return None

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        error = refusal(scope, scope["path"])
        if error is None:
            await app(scope, receive, send)
        else:
            await send_error(error, scope, send)

    return checked


def nothing_at(path: str) -> NotFound:
    """Return the error for a path that no route has."""
    return NotFound(f"there is nothing at {path}: GET /schema lists what there is")


def is_below(path: str, prefix: str) -> bool:
    """Say whether a path is `prefix` or below it."""
    return path == prefix or path.startswith(f"{prefix}/")


def _is_here(path: str, at_admin: bool) -> bool:
    if at_admin:
        return any(is_below(path, prefix) for prefix in AT_ADMIN)
    return not is_below(path, ADMIN)


def _host(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value, "latin-1")
    return ""
