"""The shipped dashboard, as its tests read it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.deploy.prometheus import DEPLOY

FILE = DEPLOY / "grafana" / "localai.json"
OWN = {"__rate_interval": "10s", "__range": "5m"}
"""What Grafana would put in, for a router that is scraped each second."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True)
class Query:
    """One query of a panel."""

    panel: str
    expression: str
    """With Grafana's variables in it."""
    legend: str

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it uses, but for Grafana's own."""
        return frozenset(_VARIABLE.findall(self.expression)) - OWN.keys()

    @property
    def filled(self) -> str:
        """What Prometheus is asked, with everything chosen."""
        return _VARIABLE.sub(lambda found: OWN.get(found[1], ".*"), self.expression)

    @property
    def labels(self) -> frozenset[str]:
        """The labels that the legend shows."""
        return frozenset(re.findall(r"\{\{\s*(\w+)\s*\}\}", self.legend))


def dashboard() -> Mapping[str, Any]:
    """Read the dashboard."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def rows() -> list[dict[str, Any]]:
    """Return the rows."""
    return [each for each in dashboard()["panels"] if each["type"] == "row"]


def panels() -> list[dict[str, Any]]:
    """Return all panels but rows, those in folded rows too."""
    outer = dashboard()["panels"]
    inner = [panel for row in rows() for panel in row["panels"]]
    return [each for each in (*outer, *inner) if each["type"] != "row"]


def queries() -> Iterator[Query]:
    """Yield what all panels ask."""
    for panel in panels():
        for target in panel["targets"]:
            yield Query(panel["title"], target["expr"], target["legendFormat"])


def annotations() -> Iterator[Query]:
    """Yield what the marks on the plots ask."""
    for each in dashboard()["annotations"]["list"]:
        if "expr" in each:
            yield Query(each["name"], each["expr"], each["textFormat"])
