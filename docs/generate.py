"""Write the tables of the documentation from the code: `python -m docs.generate [--check]`.

The hook table of `docs/plugins.md` comes from `core/hooks.py`, that of entities in
`docs/guardrails.md` from their catalogue; `docs/configuration.md` comes from the settings'
Structs. With `--check` nothing is written; the exit code says whether all is current.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec

from core import config, hooks
from core.resolve import families, optional
from core.units import Duration, Secret, Size

FOLDER = Path(__file__).parent


def hook_table() -> str:
    """Return the table of all hooks."""
    rows = ["| hook | kind | for |", "|---|---|---|"]
    for name, function in vars(hooks.Hooks).items():
        if name.startswith("_") or not callable(function):
            continue
        arguments = ", ".join(list(inspect.signature(function).parameters)[1:])
        kind = "async" if name in hooks.ASYNC_HOOKS else "sync"
        rows.append(f"| `{name}({arguments})` | {kind} | {inspect.getdoc(function)} |")
    return "\n".join(rows)


def entity_table() -> str:
    """Return the table of what `guardrails.pii` finds."""
    groups = import_module("plugins.guardrails.pii.entities.catalogue").GROUPS
    rows = ["| group | entities |", "|---|---|"]
    for group, entities in groups.items():
        rows.append(f"| `{group}` | {', '.join(f'`{each.name}`' for each in entities)} |")
    return "\n".join(rows)


def configuration() -> str:
    """Return the reference of all settings."""
    parts = [
        "# Configuration",
        "",
        "Every setting of `localai.toml`, with its default. This page is generated from the code "
        "by `make docs`. Durations are written as `250ms`, `90s` or `1h30m`, sizes as `10MB` or "
        "`1GiB`. `${NAME}` in a text takes a value from the environment (it stays a text), "
        "`file:PATH` takes a secret from a file. Relative paths start at the folder of the file.",
    ]
    for name, struct in (
        ("server", config.Server),
        ("ollama", config.Ollama),
        ("database", config.Database),
        ("chain", config.Chain),
        ("log", config.Log),
    ):
        parts += ["", f"## `[{name}]`", "", inspect.getdoc(struct) or "", "", *_rows(struct)]
    for family, members in families().items():
        parts += [
            "",
            f"## Plugins: `{family}`",
            "",
            inspect.getdoc(import_module(f"plugins.{family}")) or "",
        ]
        for member, use in members.items():
            module_name, _, class_name = use.partition(":")
            module = import_module(module_name)
            cls = getattr(module, class_name)
            parts += [
                "",
                f"### `[plugins.{family}.{member}]`",
                "",
                inspect.getdoc(module) or "",
                "",
            ]
            on = "false" if member in optional(family) else "true"
            parts += [*_HEAD, f"| `enabled` | boolean | `{on}` | Switch for this plugin. |"]
            parts += _rows(cls.Config, head=False)
    return "\n".join(parts) + "\n"


_HEAD = ["| setting | type | default | meaning |", "|---|---|---|---|"]


def _rows(struct: Any, *, head: bool = True, within: str = "") -> list[str]:
    """Return a row for each setting; those of a table within are named `table.setting`."""
    meanings = dict(_field_docs(struct))
    rows = list(_HEAD) if head else []
    for field in msgspec.structs.fields(struct):
        name = f"{within}{field.encode_name}"
        meaning = meanings.get(field.name, "")
        if _is_struct(field.type):
            rows += _rows(field.type, head=False, within=f"{name}.")
            continue
        rows.append(f"| `{name}` | {_type(field.type)} | `{_default(field)}` | {meaning} |")
        for kind in filter(_is_struct, get_args(field.type)):
            rows += _rows(kind, head=False, within=f"{name}[].")
    return rows


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _field_docs(struct: Any) -> Iterator[tuple[str, str]]:
    """Yield each field with the text that stands under it in the source."""
    source = inspect.getsource(struct)
    (node,) = ast.parse(inspect.cleandoc("\n" + source) if source[0] == " " else source).body
    assert isinstance(node, ast.ClassDef)
    for field, text in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            yield field.target.id, " ".join(str(text.value.value).split())


def _type(kind: Any) -> str:
    names = {int: "integer", float: "number", bool: "boolean", str: "text"}
    named = {Duration: "duration", Size: "size", Secret: "secret", Path: "path"}
    if isinstance(kind, type) and kind in names | named:
        return (names | named)[kind]
    if get_origin(kind) is Annotated:
        return _type(kind.__origin__)
    text = str(kind)
    if "Literal" in text:
        return "one of " + ", ".join(f"`{each}`" for each in kind.__args__)
    for python, name in (("tuple", "list"), ("dict", "table"), ("int", "integer")):
        if python in text:
            return name
    return "text"


def _default(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return "required"
    if isinstance(value, Duration):
        milliseconds = round(value * 1000)
        return next(
            f"{milliseconds // each}{unit}"
            for unit, each in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
            if milliseconds % each == 0
        )
    if isinstance(value, Size):
        return next(
            f"{value // each}{unit}"
            for unit, each in (("GiB", 2**30), ("MB", 10**6), ("KiB", 2**10), ("B", 1))
            if value % each == 0
        )
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()  # a default is no secret
    return str(value) if isinstance(value, Path) else value


def pages() -> dict[Path, str]:
    """Return what each generated page should hold."""
    return {
        FOLDER / "plugins.md": _filled("plugins.md", "hooks", hook_table()),
        FOLDER / "guardrails.md": _filled("guardrails.md", "entities", entity_table()),
        FOLDER / "configuration.md": configuration(),
    }


def _filled(page: str, name: str, table: str) -> str:
    """Return a page with a table between its marks."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    before, begin, rest = text.partition(f"<!-- {name}: generated by `make docs` -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main() -> None:
    """Write the pages, or check them."""
    stale = []
    for path, text in pages().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"not current: {', '.join(stale)}: run 'make docs'")


if __name__ == "__main__":
    main()
