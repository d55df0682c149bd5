"""Passwords in URLs and in connection strings."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.secrets.randomness import is_placeholder
from plugins.guardrails.stream.rule import Rule

# What examples have in place of a password; `guest` is RabbitMQ's own for the local host.
_NAMES = "password passwd pass pwd secret pw guest user username token key apikey"
_NOBODYS = frozenset(_NAMES.split())


def has_password(text: str) -> bool:
    """Say whether `://user:password@host` (RFC 3986, 3.2.1) has a password of somebody's."""
    return _is_somebodys(text.rpartition("@")[0].removeprefix("://").partition(":")[2])


def has_password_field(text: str) -> bool:
    """Say whether `;Password=…` or `&password=…` has a password of somebody's."""
    return _is_somebodys(text.partition("=")[2])


def _is_somebodys(password: str) -> bool:
    return (
        len(password) > 2
        and password.lower() not in _NOBODYS
        and not password.startswith(("$", "{", "%", "["))
        and not is_placeholder(password)
    )


_NOT = r"\s@\"'<>`"
# `/` may be in a password, where it should be escaped and is not; after digits it ends a port.
_PASSWORD = rf"(?:[^{_NOT}0-9/][^{_NOT}]{{0,127}}|[0-9][^{_NOT}/]{{0,127}})"
_HOST = r"[0-9A-Za-z\[](?:[0-9A-Za-z_.\-]{0,190}[0-9A-Za-z\]])?(?::[0-9]{1,5})?"

CONNECTION = Entity(
    name="secret_connection",
    group="secrets",
    label="CONNECTION_STRING",
    rules=(
        # Of any scheme, which is left: a scan would have to start at every word for it.
        Rule(
            name="secret_connection",
            pattern=rf"://[^{_NOT}:/]{{0,64}}:{_PASSWORD}@{_HOST}",
            is_valid=has_password,
        ),
        # A field of ADO.NET's and ODBC's strings, or a parameter of a URL, as JDBC's.
        Rule(
            name="secret_connection",
            pattern=r"[;?&] ?(?:password|passwd|pwd)=[^;&\s\"']{3,100}",
            ignore_case=True,
            is_valid=has_password_field,
        ),
    ),
)
