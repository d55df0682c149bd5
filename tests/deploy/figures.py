"""What docs/metrics.md says of the figures, and which ones an expression of PromQL uses."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
EVERYWHERE = frozenset({"instance", "job"})
"""Labels that Prometheus puts on all that it scrapes."""
_ROW = re.compile(
    r"^\| `(?P<name>[a-z0-9_]+)` \| (?P<kind>counter|gauge|histogram) \| (?P<labels>[^|]*)\|"
)
_SELECTOR = re.compile(r"\b(?P<name>(?:localai|gen_ai|process)_\w+|up\b)(?P<labels>\{[^}]*\})?")
_GROUPED = re.compile(r"\b(?:by|without)\s*\((?P<labels>[^)]*)\)")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')

Figures = Mapping[str, frozenset[str]]
"""The labels of each series, by its name."""


def documented() -> Figures:
    """Return all series that the document promises, with `up` of Prometheus' own."""
    found = {"up": EVERYWHERE}
    for line in DOCUMENT.read_text().splitlines():
        if row := _ROW.match(line):
            labels = EVERYWHERE | frozenset(re.findall(r"`(\w+)`", row["labels"]))
            if row["kind"] == "histogram":
                found[f"{row['name']}_bucket"] = labels | {"le"}
                found[f"{row['name']}_count"] = found[f"{row['name']}_sum"] = labels
            else:
                found[row["name"]] = labels
    return found


def used(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each series that an expression selects, with the labels that it names there."""
    plain = _TEXT.sub("x", expression)
    for found in _SELECTOR.finditer(_GROUPED.sub("", plain)):
        yield found["name"], frozenset(re.findall(r"(\w+)\s*[=!]", found["labels"] or ""))


def grouped(expression: str) -> frozenset[str]:
    """Return the labels that an expression groups by."""
    return frozenset(
        label
        for found in _GROUPED.finditer(_TEXT.sub("x", expression))
        for label in re.findall(r"\w+", found["labels"])
    )


def problems(expression: str, figures: Figures) -> Iterator[str]:
    """Yield what an expression asks for that there is not."""
    labels: frozenset[str] = frozenset()
    for name, wanted in used(expression):
        if name not in figures:
            yield f"{name} is not in docs/metrics.md"
            continue
        labels |= figures[name]
        for label in wanted - figures[name]:
            yield f"{name} has no label {label}"
    for label in grouped(expression) - labels:
        yield f"nothing has the label {label} in {expression}"
