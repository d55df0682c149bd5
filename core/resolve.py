"""Names in the file → the plugins they stand for, in order."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.config import Settings
from core.explain import hint

BUILT_IN = "plugins"
"""The package whose sub-packages are the families; each lists its `MEMBERS` in their order.

Those of its `OPTIONAL` are off until the file has `enabled = true` for them, or names them in the
chain.
"""

RESERVED = frozenset({"use", "enabled"})
"""Settings of every plugin's table that the core reads itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One plugin that the file asks for: where its class is, and its own settings."""

    name: str
    use: str
    table: dict[str, Any]

    @property
    def where(self) -> tuple[str, ...]:
        """The path of its table in the file."""
        return ("plugins", *self.name.split("."))


@cache
def families() -> dict[str, dict[str, str]]:
    """Return the built-in families: member name → "module:Class", in the family's own order."""
    package = importlib.import_module(BUILT_IN)
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg]
    return {name: importlib.import_module(f"{BUILT_IN}.{name}").MEMBERS for name in names}


@cache
def optional(family: str) -> frozenset[str]:
    """Return the members of a family that are off until the file names them or enables them."""
    module = importlib.import_module(f"{BUILT_IN}.{family}")
    return frozenset(getattr(module, "OPTIONAL", ()))


def entries(settings: Settings) -> list[Entry]:
    """Return the enabled plugins of the chain, outermost first.

    Raises `SettingsError` for a name that stands for nothing or stands there twice.
    """
    _check_tables(settings)
    chain = settings.chain.plugins
    found: list[Entry] = []
    for position, name in enumerate(chain):
        if name in chain[:position]:
            raise settings.document.error(
                ("chain",), "plugins", f"'{name}' stands there twice: remove one"
            )
        found += _expand(settings, name)
    return [entry for entry in found if _enabled(settings, entry)]


def _expand(settings: Settings, name: str) -> list[Entry]:
    family, _, member = name.partition(".")
    custom = settings.plugins.get(name, {})
    if "use" in custom:
        return [_entry(settings, name, str(custom["use"]), custom)]
    members = families().get(family, {})
    tables = settings.plugins.get(family, {})
    if not member and members:
        # A member that is named by itself stands at that place only.
        own_place = {item for item in settings.chain.plugins if item.startswith(f"{family}.")}
        return [
            _entry(settings, f"{family}.{each}", use, tables.get(each, {}))
            for each, use in members.items()
            if f"{family}.{each}" not in own_place
            and (each not in optional(family) or _is_asked_for(tables.get(each, {})))
        ]
    if member in members:
        return [_entry(settings, name, members[member], tables.get(member, {}))]
    known = [*families(), *(f"{family}.{each}" for family in families() for each in members)]
    known += [key for key, table in settings.plugins.items() if "use" in table]
    remedy = hint(name, known) or "; a plugin of your own needs a table with `use`"
    raise settings.document.error(("chain",), "plugins", f"unknown plugin '{name}'{remedy}")


def _is_asked_for(table: Any) -> bool:
    return not isinstance(table, dict) or "enabled" in table  # anything else is refused later


def _entry(settings: Settings, name: str, use: str, table: Any) -> Entry:
    where = ("plugins", *name.split("."))
    if not isinstance(table, dict):
        raise settings.document.error(
            where[:-1], where[-1], f"expected a table: [{'.'.join(where)}]"
        )
    use = table.get("use", use)
    if not isinstance(use, str) or use.count(":") != 1:
        raise settings.document.error(where, "use", 'expected "module:Class"')
    if not isinstance(table.get("enabled", True), bool):
        raise settings.document.error(where, "enabled", "expected true or false")
    return Entry(name, use, table)


def _enabled(settings: Settings, entry: Entry) -> bool:
    family = settings.plugins.get(entry.name.partition(".")[0], {})
    return entry.table.get("enabled", True) is True and family.get("enabled", True) is True


def _check_tables(settings: Settings) -> None:
    """Refuse tables that belong to no plugin: most are a slip of the keyboard."""
    for name, table in settings.plugins.items():
        if "use" in table:
            continue
        if name not in families():
            raise settings.document.error(
                ("plugins", name),
                "",
                "unknown plugin; one of your own needs `use`" + hint(name, families()),
            )
        members = families()[name]
        if not isinstance(table.get("enabled", True), bool):
            raise settings.document.error(("plugins", name), "enabled", "expected true or false")
        for key in table:
            if key not in members and key != "enabled":
                raise settings.document.error(
                    ("plugins", name), key, f"unknown plugin or setting{hint(key, members)}"
                )
