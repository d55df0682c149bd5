"""The routers that are compared: without metrics, with all members, and with each one off."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gateways import CHAIN
from plugins import metrics

FAMILY = "metrics"
SETTINGS = """\
[server]
port = 0
[ollama]
hosts = ["http://127.0.0.1:{upstream}"]
embedded = "never"
[chain]
plugins = [{chain}]
[plugins.auth.limits]
rules = [{{ per = "key", kind = "chat", requests = "1000000000/minute" }}]
[plugins.routing.queue]
slots = 8
{tables}
"""
"""Everything as it is shipped, but for limits, which would refuse the load, and slots."""


@dataclass(frozen=True)
class Variant:
    """One router of the comparison."""

    name: str
    on: tuple[str, ...]
    """Members of the family that are on."""

    def toml(self, upstream: int) -> str:
        """Return its settings, in front of an Ollama on this port."""
        names = [name for name in CHAIN.split(",") if self.on or name != FAMILY]
        tables = [
            f"[plugins.{FAMILY}.{name}]\nenabled = {str(name in self.on).lower()}"
            for name in members()
            if self.on
        ]
        chain = ", ".join(f'"{name}"' for name in names)
        return SETTINGS.format(upstream=upstream, chain=chain, tables="\n".join(tables))


NONE = Variant("none", ())


def members() -> tuple[str, ...]:
    """Return the names of the members that are on as shipped."""
    optional: frozenset[str] = getattr(metrics, "OPTIONAL", frozenset())
    return tuple(name for name in metrics.MEMBERS if name not in optional)


def everything() -> Variant:
    """Return the router with all members."""
    return Variant("all", members())


def variants() -> Sequence[Variant]:
    """Return the router without metrics, with all of them, and with all but each one."""
    without = (
        Variant(f"all but {off}", tuple(name for name in members() if name != off))
        for off in members()
    )
    return [NONE, everything(), *without]
