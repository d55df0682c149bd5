"""`/admin/experiments` over real sockets."""

from pathlib import Path

from tests.plugins.support import serving

USE = 'use = "plugins.routing.experiments.plugin:Experiments"'
KEYS = """
[plugins.auth.static]
keys = [
    { name = "owner", key = "an-owner-with-a-long-key", scopes = ["admin:routing"] },
    { name = "guest", key = "a-guest-with-a-long-key", scopes = ["chat"] },
]
"""


async def test_an_experiment_is_reported_with_all_its_parts(tmp_path: Path) -> None:
    """Also before anything has happened; and to nobody without the scope for it."""
    more = f"""
[plugins.trials]
{USE}
[plugins.trials.experiments.answers]
model = "chat"
variants = {{ a = 0.5, b = 0.5 }}
shadow = {{ c = 0.1 }}
"""
    async with serving(tmp_path, "trials", more) as (_, client):
        answer = await client.get("/admin/experiments")
        assert answer.status_code == 200
        found = answer.json()["experiments"]["answers"]
        assert found["model"] == "chat"
        assert found["variants"]["a"]["exposures"] == 0
        nothing = {"with": "a", "ok_rate": None, "first_token_seconds": None, "tokens": None}
        assert found["comparisons"] == {"b": nothing}
        assert found["shadows"]["c"]["outcomes"] == {}


async def test_it_needs_its_scope(tmp_path: Path) -> None:
    """A key for chats is not enough."""
    more = f"{KEYS}\n[plugins.trials]\n{USE}\n"
    async with serving(tmp_path, "auth.static trials", more) as (_, client):
        for key, status in (("an-owner-with-a-long-key", 200), ("a-guest-with-a-long-key", 403)):
            headers = {"authorization": f"Bearer {key}"}
            assert (await client.get("/admin/experiments", headers=headers)).status_code == status
