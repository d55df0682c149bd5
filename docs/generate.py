"""Write the tables of the documentation from the code: `python -m docs.generate [--check]`.

The hook table of `docs/plugins.md` comes from `core/hooks.py`; `docs/configuration.md` comes from
the settings' Structs. With `--check` nothing is written; the exit code says whether all is current.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from core import config, hooks
from core.resolve import families, optional
from core.units import Duration, Secret, Size

FOLDER = Path(__file__).parent
BEGIN = "<!-- hooks: generated from core/hooks.py by `make docs` -->"
END = "<!-- end of hooks -->"


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


def _rows(struct: Any, *, head: bool = True) -> list[str]:
    meanings = dict(_field_docs(struct))
    return (_HEAD if head else []) + [
        f"| `{field.encode_name}` | {_type(field.type)} | `{_default(field)}` | "
        f"{meanings.get(field.name, '')} |"
        for field in msgspec.structs.fields(struct)
    ]


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
        return f"{value // 10**6}MB" if value % 10**6 == 0 else str(int(value))
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()  # a default is no secret
    return str(value) if isinstance(value, Path) else value


def pages() -> dict[Path, str]:
    """Return what each generated page should hold."""
    plugins = FOLDER / "plugins.md"
    text = plugins.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        plugins: f"{before}{BEGIN}\n{hook_table()}\n{END}{after}",
        FOLDER / "configuration.md": configuration(),
    }


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
