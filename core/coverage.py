"""Where each guard runs: on which endpoint, streamed and plain, on what goes in and comes out.

All inference goes through one chain, so a guard in it sees every endpoint. What could pass it by
is an answer of a plugin that stands outside of it and needs no model: that is refused at load.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.api.routes import Operation
from core.config import Settings
from core.decisions import Direction
from core.loader import Plugin

HAS_TEXT: dict[str, frozenset[Direction]] = {
    "chat": frozenset({"input", "output"}),
    "generate": frozenset({"input", "output"}),
    "embed": frozenset({"input"}),  # what comes out are numbers
}
"""In which directions texts go, by the kind of a call."""


@dataclass(frozen=True, slots=True)
class Row:
    """What guards see of one endpoint, in one mode."""

    endpoint: str
    mode: str
    """`plain` or `stream`."""
    cells: tuple[frozenset[Direction], ...]
    """The directions in which each guard runs there, in the order of the guards."""


def guards(plugins: Iterable[Plugin]) -> list[Plugin]:
    """Return the plugins that guard something, as they are set."""
    return [plugin for plugin in plugins if plugin.guards]


def coverage(plugins: Sequence[Plugin], operations: Iterable[Operation]) -> list[Row]:
    """Return a row for each endpoint that infers, and each mode in which it answers."""
    return [
        Row(
            f"{operation.method} {operation.path}",
            mode,
            tuple(HAS_TEXT[operation.kind] & guard.guards for guard in guards(plugins)),
        )
        for operation in operations
        if operation.kind is not None
        for mode in (("plain", "stream") if operation.streams else ("plain",))
    ]


def _missing(guard: Plugin) -> str | None:
    """Return which hook a guard lacks for the directions that it has."""
    if hasattr(guard.instance, "around_inference"):
        return None
    if "output" in guard.guards:
        return "around_inference"
    return None if hasattr(guard.instance, "before_inference") else "before_inference"


def check_coverage(settings: Settings, plugins: Sequence[Plugin]) -> None:
    """Raise `SettingsError` where answers would come out that a closed guard has not seen."""
    for position, guard in enumerate(plugins):
        if not guard.guards or guard.fail_mode != "closed":
            continue
        if (missing := _missing(guard)) is not None:
            raise settings.document.error(
                ("plugins", *guard.name.split(".")),
                "",
                f"{guard.use} has `guards`, and no {missing} to see them with",
            )
        for outer in plugins[:position]:
            if outer.answers:
                raise settings.document.error(
                    ("chain",),
                    "plugins",
                    f"'{outer.name}' can answer by itself, and stands before '{guard.name}', "
                    f"which would not see those answers: move '{outer.name}' behind it",
                )
