""" "module:Class" → a configured plugin, checked, registered in the file's order."""

import hashlib
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

import msgspec
import pluggy

from core import sources
from core.config import Settings
from core.decisions import Direction
from core.errors import SettingsError
from core.explain import hint
from core.hooks import ASYNC_HOOKS, PROJECT, Hooks
from core.resolve import RESERVED, Entry, entries
from core.units import Secret

FailMode = Literal["closed", "open"]


@dataclass(eq=False, slots=True)
class Plugin:
    """A configured plugin. One whose table and code are unchanged lives on through a reload."""

    name: str
    use: str
    instance: Any
    fail_mode: FailMode
    fingerprint: str
    sources: tuple[Path, ...] = field(default=())
    """Files whose change makes the plugin another one."""
    guards: frozenset[Direction] = frozenset()
    """The directions in which it checks every text, as it is set: its attribute `guards`."""
    answers: bool = False
    """Whether it can answer without asking what stands inside of it: its attribute `answers`."""
    waits: bool = False
    """Whether it may keep a call for long, as a queue does: its attribute `waits`."""


def load(settings: Settings, loaded: Iterable[Plugin] = ()) -> list[Plugin]:
    """Return the file's plugins, outermost first, reusing those of `loaded` that are unchanged.

    Imports code, so call it off the event loop. Raises `SettingsError`.
    """
    if (folder := str(settings.folder)) not in sys.path:
        sys.path.append(folder)
    reusable = {plugin.name: plugin for plugin in loaded}
    plugins = [_plugin(settings, entry, reusable) for entry in entries(settings)]
    _check_needs(settings, plugins)
    return plugins


def _check_needs(settings: Settings, plugins: Iterable[Plugin]) -> None:
    """Raise `SettingsError` where a plugin works with another one that is off."""
    names = {plugin.name for plugin in plugins}
    for plugin in plugins:
        for needed in getattr(plugin.instance, "needs", ()):
            if needed not in names:
                raise settings.document.error(
                    ("chain",),
                    "plugins",
                    f"'{plugin.name}' needs '{needed}', which is off: switch both on or both off",
                )


def _plugin(settings: Settings, entry: Entry, reusable: Mapping[str, Plugin]) -> Plugin:
    document = settings.document
    module_name, _, class_name = entry.use.partition(":")
    module = _import(settings, entry, module_name)
    cls = getattr(module, class_name, None)
    if not inspect.isclass(cls):
        classes = [name for name, value in vars(module).items() if inspect.isclass(value)]
        raise document.error(
            entry.where,
            "use",
            f"module '{module_name}' has no class '{class_name}'{hint(class_name, classes)}",
        )
    own = {key: value for key, value in entry.table.items() if key not in RESERVED}
    config_type = getattr(cls, "Config", None)
    if config_type is None:
        if own:
            raise document.error(entry.where, next(iter(own)), "this plugin takes no settings")
        config = None
    else:
        try:
            config = document.convert(own, config_type, entry.where)
        except (NotImplementedError, TypeError) as error:
            text = f"{class_name}.Config must be a Struct of plain types: {error}"
            raise document.error(entry.where, "", text) from error
    files = sources.of(module)
    fingerprint = _fingerprint(entry.use, config, files)
    before = reusable.get(entry.name)
    if before is not None and before.fingerprint == fingerprint:
        return before
    fail_mode: FailMode = getattr(cls, "fail_mode", "closed")
    if fail_mode not in get_args(FailMode):
        raise document.error(entry.where, "", f"{class_name}.fail_mode must be 'closed' or 'open'")
    instance = _construct(settings, entry, cls, config)
    guards = frozenset(getattr(instance, "guards", ()))
    if not guards <= {*get_args(Direction)}:
        raise document.error(
            entry.where, "", f"{class_name}.guards may hold 'input' and 'output' only"
        )
    return Plugin(
        name=entry.name,
        use=entry.use,
        instance=instance,
        fail_mode=fail_mode,
        fingerprint=fingerprint,
        sources=files,
        guards=guards,
        answers=bool(getattr(instance, "answers", False)),
        waits=bool(getattr(instance, "waits", False)),
    )


def _import(settings: Settings, entry: Entry, name: str) -> ModuleType:
    if name in sys.modules:
        sources.forget_changed(sys.modules[name])
    try:
        importlib.invalidate_caches()
        with sources.forgotten_on_failure(settings.folder):
            module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            text = f"there is no module '{name}' in {settings.folder} or among the installed ones"
        else:
            text = f"module '{name}' can't be imported: {type(error).__name__}: {error}"
            if not isinstance(error, SyntaxError):  # which says itself where it is
                frame = traceback.extract_tb(error.__traceback__)[-1]
                text += f" ({Path(frame.filename).name}, line {frame.lineno})"
        raise settings.document.error(entry.where, "use", text) from error
    sources.note(module)
    return module


def _fingerprint(use: str, config: Any, files: Iterable[Path]) -> str:
    parts = [use, msgspec.json.encode(config, enc_hook=_plain).decode()]
    parts += [sources.digest(file) for file in files]
    return hashlib.blake2b("\0".join(parts).encode()).hexdigest()


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _construct(settings: Settings, entry: Entry, cls: Any, config: Any) -> Any:
    try:
        instance = cls() if config is None else cls(config)
    except SettingsError as error:
        raise settings.document.error(entry.where, "", str(error)) from error
    except Exception as error:
        text = f"can't be made: {type(error).__name__}: {error}"
        raise settings.document.error(entry.where, "", text) from error
    if cls.__eq__ is not object.__eq__:
        text = f"{entry.use} must be a plain class, not a dataclass or Struct: pluggy compares them"
        raise settings.document.error(entry.where, "use", text)
    return instance


def register(settings: Settings, plugins: Iterable[Plugin]) -> pluggy.PluginManager:
    """Register plugins so that the first of the file comes first, and check every hook.

    Raises `SettingsError` that names the plugin and the hook.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    plugins = list(plugins)
    for plugin in reversed(plugins):  # pluggy calls the last one registered first
        where = ("plugins", *plugin.name.split("."))
        try:
            manager.register(plugin.instance, name=plugin.name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            text = " ".join(str(error).split())
            raise settings.document.error(where, "", f"{plugin.use}: {text}") from error
        for caller in manager.get_hookcallers(plugin.instance) or ():
            for impl in caller.get_hookimpls():
                complaint = _complaint(caller, impl) if impl.plugin is plugin.instance else None
                if complaint:
                    text = f"{plugin.use}.{caller.name}: {complaint}"
                    raise settings.document.error(where, "", text)
    return manager


def _complaint(caller: pluggy.HookCaller, impl: pluggy.HookImpl) -> str | None:
    """Return what is wrong with one implementation, or nothing."""
    options = [
        option
        for option in ("wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook")
        if getattr(impl, option)
    ]
    if options:
        return f"hookimpl({options[0]}=True) is not for this project: the file sets the order"
    expected = caller.spec.argnames if caller.spec else ()
    if tuple(impl.argnames) != tuple(expected) or impl.kwargnames:
        return f"must take exactly ({', '.join(('self', *expected))})"
    is_async = inspect.iscoroutinefunction(impl.function)
    if caller.name in ASYNC_HOOKS and not is_async:
        return "must be `async def`"
    if caller.name not in ASYNC_HOOKS and is_async:
        return "must be a plain `def`; it runs at load, not per request"
    if inspect.isasyncgenfunction(impl.function):
        remedy = "decorate it with @asynccontextmanager" if caller.name == "lifespan" else ""
        return f"must be a plain `def`, not an async generator{'; ' if remedy else ''}{remedy}"
    return None


def implementations(manager: pluggy.PluginManager, hook: str) -> list[tuple[str, Any]]:
    """Return (plugin name, bound method) of a hook, in the file's order."""
    impls = getattr(manager.hook, hook).get_hookimpls()
    return [(impl.plugin_name, impl.function) for impl in reversed(impls)]
