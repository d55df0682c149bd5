"""What plugins there are, on or off, and whether one word in the file would change that."""

import ast
import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from core.config import Settings
from core.loader import Plugin
from core.resolve import families
from core.sources import parsed
from core.value import Value


class Known(Value, frozen=True, kw_only=True):
    """A plugin that the file could have."""

    name: str
    """As in `[chain] plugins`: `cache.exact`, or that of a plugin of one's own."""
    family: str
    """Empty for a plugin of one's own."""
    enabled: bool
    fail_mode: Literal["closed", "open"]
    what: str
    """The first line of its class's docstring."""
    in_chain: bool
    """Whether the chain names it, or its family."""
    family_off: bool
    """Whether its family's table says `enabled = false`."""
    authenticates: bool = False
    """Whether it decides who comes in; known of those that are on."""


def inventory(settings: Settings, plugins: Sequence[Plugin]) -> list[Known]:
    """Return the built-in plugins in their families' order, then the file's own.

    `plugins` are those that run. Of the others no code is run, only the source is read: call it
    off the event loop.
    """
    running = {plugin.name: plugin for plugin in plugins}
    uses = {
        f"{family}.{member}": use
        for family, members in families().items()
        for member, use in members.items()
    }
    uses |= {name: table["use"] for name, table in settings.plugins.items() if "use" in table}
    uses |= {name: plugin.use for name, plugin in running.items()}
    return [_known(settings, name, use, running) for name, use in uses.items()]


def _known(settings: Settings, name: str, use: str, running: Mapping[str, Plugin]) -> Known:
    family = name.partition(".")[0] if name.partition(".")[0] in families() else ""
    plugin = running.get(name)
    doc, fail_mode = _read(use, settings.folder) if plugin is None else _said(plugin)
    chain = settings.chain.plugins
    return Known(
        name=name,
        family=family,
        enabled=plugin is not None,
        fail_mode="open" if fail_mode == "open" else "closed",
        what=(doc or "").strip().partition("\n")[0],
        in_chain=name in chain or (bool(family) and family in chain),
        family_off=settings.plugins.get(family, {}).get("enabled") is False,
        authenticates=hasattr(plugin and plugin.instance, "authenticate"),
    )


def _said(plugin: Plugin) -> tuple[str | None, str]:
    return inspect.getdoc(type(plugin.instance)), plugin.fail_mode


def _read(use: str, folder: Path) -> tuple[str | None, Any]:
    """Return the docstring of a class and its fail mode from its source, as far as they are told.

    A plugin that is off may need packages that are not installed.
    """
    module, _, class_name = use.partition(":")
    try:
        own = (folder / module.replace(".", "/")).with_suffix(".py")
        found = None if own.is_file() else importlib.util.find_spec(module)
        source = Path(found.origin) if found is not None and found.origin else own
        tree = parsed(source.read_bytes())
    except (OSError, ImportError, SyntaxError, ValueError):
        return None, None
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    node = next((each for each in classes if each.name == class_name), None)
    if node is None:
        return None, None
    modes = (
        each.value.value
        for each in node.body
        if isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Constant)
        and any(
            isinstance(target, ast.Name) and target.id == "fail_mode" for target in each.targets
        )
    )
    return ast.get_docstring(node), next(modes, None)
