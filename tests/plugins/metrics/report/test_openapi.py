"""The documentation of the routes."""

from pathlib import Path

from plugins.metrics.report.openapi import OwnUsage, Report, Usage
from plugins.metrics.report.question import OWN_PARAMETERS, PARAMETERS
from plugins.metrics.report.report import REPORTED
from tests.plugins.metrics.report.administered import administered


async def test_every_parameter_is_documented(tmp_path: Path) -> None:
    """The document of the router names all that each route knows, and nothing else."""
    async with administered(tmp_path) as (_, client):
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
    for path, known in (
        ("/admin/usage", PARAMETERS),
        ("/v1/usage", OWN_PARAMETERS),
        ("/admin/report", REPORTED),
    ):
        operation = paths[path]["get"]
        assert {each["name"] for each in operation["parameters"]} == {*known}
        assert all(
            each["description"] and each["in"] == "query" for each in operation["parameters"]
        )
        assert operation["tags"] == ["Usage"]


def test_operations_differ() -> None:
    """What one may not ask of one's own usage is not offered there."""
    names = [
        {getattr(each, "name", "") for each in made().parameters or ()}
        for made in (Usage, OwnUsage, Report)
    ]
    assert names[0] - names[1] == {"tenant", "key"}
    assert "group_by" not in names[2]
