"""The shipped alerts and settings of Prometheus, checked by its own tools."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.figures import documented, problems
from tests.deploy.prometheus import SHIPPED, configured, promtool

ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((SHIPPED / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}


def test_prometheus_takes_the_files(tmp_path: Path) -> None:
    """The settings and the alerts are valid, by promtool."""
    checked = promtool("check", "config", configured(tmp_path, "127.0.0.1:1", "key"))
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert f"{len(ALERTS)} rules found" in checked.stdout


def test_every_alert_fires_and_is_quiet() -> None:
    """Each alert fires in the case that is written for it, and does not before, by promtool."""
    tests = yaml.safe_load((SHIPPED / "alerts_test.yml").read_text())["tests"]
    wanted = Counter({(name, fires): 1 for name in ALERTS for fires in (False, True)})
    found: Counter[tuple[str, bool]] = Counter()
    for test in tests:
        for asked in test["promql_expr_test"]:
            name = re.search(r'alertname="(\w+)", alertstate="firing"', asked["expr"])
            assert name is not None, asked
            assert name[1] == test["name"]
            found[name[1], bool(asked["exp_samples"])] += 1
    assert found == wanted
    run = promtool("test", "rules", SHIPPED / "alerts_test.yml")
    assert run.returncode == 0, run.stderr + run.stdout


@pytest.mark.parametrize("name", ALERTS)
def test_alert(name: str) -> None:
    """An alert uses figures that there are, and says how bad it is, what is so, and what to do."""
    alert = ALERTS[name]
    assert not list(problems(alert["expr"], documented()))
    assert name.startswith("LocalAI")
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"].keys() == {"summary", "description"}
    for text in alert["annotations"].values():
        assert text.endswith(".")
        # A label that the expression sums away would be empty.
        shown = set(re.findall(r"\$labels\.(\w+)", text))
        by = re.findall(r"sum by \(([^)]*)\)|max by \(([^)]*)\)", alert["expr"])
        if by:
            assert shown <= set(re.findall(r"\w+", " ".join(map(" ".join, by))))
