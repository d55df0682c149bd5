"""`/admin/models`."""

from pathlib import Path

from tests.double import Model
from tests.plugins.routing.fleet import fleet

KEYS = """
[plugins.auth.static]
environment = ""
keys = [
    { name = "admin", key = "the-key-of-the-admin", scopes = ["admin:models"] },
    { name = "chats", key = "the-key-of-a-caller" },
]
"""


async def test_the_catalogue_is_for_those_who_administer_models(tmp_path: Path) -> None:
    """With the scope admin:models one sees all models and hosts, without it nothing."""
    async with fleet(tmp_path, [Model(name="a")], more=KEYS, chain="auth.static") as one:
        await one.catalogue.ready()
        for key, status in (("", 401), ("the-key-of-a-caller", 403), ("the-key-of-the-admin", 200)):
            headers = {"x-api-key": key} if key else {}
            answer = await one.client.get("/admin/models", headers=headers)
            assert answer.status_code == status
    assert [model["name"] for model in answer.json()["models"]] == ["a:latest"]
    assert [host["host"] for host in answer.json()["hosts"]] == ["1"]
