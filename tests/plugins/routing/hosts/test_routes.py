"""`/admin/hosts`."""

from pathlib import Path

from tests.double import Model
from tests.plugins.routing.fleet import fleet

KEYS = """
[plugins.auth.static]
environment = ""
keys = [
    { name = "admin", key = "the-key-of-the-admin", scopes = ["admin:hosts"] },
    { name = "chats", key = "the-key-of-a-caller" },
]
"""
ADMIN = {"x-api-key": "the-key-of-the-admin"}


async def test_a_host_is_drained_over_http(tmp_path: Path) -> None:
    """Who has the scope admin:hosts sees all hosts, drains one, and lets it go on."""
    async with fleet(tmp_path, [Model(name="a")], [], more=KEYS, chain="auth.static") as one:
        answer = await one.client.get("/admin/hosts", headers=ADMIN)
        assert [(host["host"], host["draining"]) for host in answer.json()["hosts"]] == [
            ("1", False),
            ("2", False),
        ]
        for _ in range(2):
            answer = await one.client.post("/admin/hosts/2/drain", headers=ADMIN)
            assert (answer.status_code, answer.json()["hosts"][1]["draining"]) == (200, True)
        assert [host.is_open for host in one.hosts.all] == [True, False]
        answer = await one.client.post("/admin/hosts/2/undrain", headers=ADMIN)
        assert (answer.status_code, answer.json()["hosts"][1]["draining"]) == (200, False)
        answer = await one.client.post("/admin/hosts/7/drain", headers=ADMIN)
        assert answer.status_code == 404
        assert answer.json() == {"error": "there is no host '7': 'localai hosts list' shows them"}


async def test_nobody_else_drains(tmp_path: Path) -> None:
    """Without a key it is a 401, without the scope a 403, and nothing changes."""
    async with fleet(tmp_path, [], more=KEYS, chain="auth.static") as one:
        for headers, status in (({}, 401), ({"x-api-key": "the-key-of-a-caller"}, 403)):
            for method, path in (
                ("GET", "/admin/hosts"),
                ("POST", "/admin/hosts/1/drain"),
                ("POST", "/admin/hosts/1/undrain"),
            ):
                answer = await one.client.request(method, path, headers=headers)
                assert answer.status_code == status
        assert not one.hosts.all[0].is_draining
