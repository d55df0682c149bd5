"""What answers when the wanted model can't, in which order; experiments; and the figures."""

import asyncio
from pathlib import Path

from tests.double import faults
from tests.integration.box import LARGE, MIDDLE, SMALL, WIRES, a_box, said, until

SENTENCE = " Hello from the tiny test model today."
REMEDIES = f"""
[plugins.routing.last_resort]
enabled = true
text = "Come back later."
[plugins.cache.exact]
ttl = 0
stale_if_error = "1h"
[plugins.routing.fallback]
backoff = "1ms"
retry_share = 1.0
chains = {{ "{LARGE}" = ["{SMALL}"] }}
[plugins.routing.hosts]
failures_in_a_row = 100
failure_rate = 1.0
"""
TRIAL = f"""
[plugins.routing.experiments]
enabled = true
experiments = {{ size = {{ model = "chat", variants = {{ "{SMALL}" = 0.5, "{MIDDLE}" = 0.5 }} }} }}
"""
FALLBACK, CACHE, VARIANT = "x-localai-fallback", "x-localai-cache", "x-localai-variant"


async def test_each_remedy_has_its_turn(tmp_path: Path) -> None:
    """Another try, another model, the answer of before, the default text: in this order."""
    async with a_box(tmp_path, tables=REMEDIES) as box:

        def fails(times: int) -> None:
            for _ in range(times):
                box.double.fail(faults.runner_gone(), "/api/chat")

        for path in WIRES:
            exact = {"model": LARGE, "temperature": 0, "options": {"temperature": 0}}
            first = await box.ask("What?", path, **exact)
            assert (first.status_code, said(first.text)) == (200, SENTENCE)
            chosen = await box.ask("What?", path, **exact | {"model": "auto"})
            assert (chosen.status_code, chosen.headers["x-localai-model"]) == (200, SMALL)
            fails(2)
            again = await box.ask("Why?", path, model=LARGE)
            assert (again.status_code, FALLBACK in again.headers) == (200, False)
            fails(3)
            other = await box.ask("Where?", path, model=LARGE, stream=True)
            assert (other.headers[FALLBACK], said(other.text)) == (
                f"{SMALL}; cause=error",
                SENTENCE,
            )

            await box.double.stop()
            old = await box.ask("What?", path, **exact)
            assert (old.status_code, old.headers[CACHE]) == (200, "stale")
            assert said(old.text) == SENTENCE
            for _ in range(2):  # when it is known that nobody is there, too
                old = await box.ask("What?", path, **exact | {"model": "auto"})
                assert (old.headers[CACHE], said(old.text)) == ("stale", SENTENCE)
            for stream in (False, True):
                default = await box.ask("Who?", path, model=LARGE, stream=stream)
                assert (default.status_code, said(default.text)) == (200, "Come back later.")
                assert default.headers[FALLBACK] == "default"
                assert "x-localai-model" not in default.headers
            vectors = await box.client.post("/api/embed", json={"model": SMALL, "input": "x"})
            assert vectors.status_code == 503
            wrong = {"temperature": 9, "options": {"temperature": 9}}
            assert (await box.ask("Who?", path, model=LARGE, **wrong)).status_code == 400
            await box.double.start()

            async def is_well(path: str = path) -> bool:
                return FALLBACK not in (await box.ask("Well?", path, model=LARGE)).headers

            async with asyncio.timeout(30):
                while not await is_well():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)


async def test_users_keep_their_variant_and_all_is_counted(tmp_path: Path) -> None:
    """A user gets one model of an experiment on each wire, the answer says which, and it counts."""
    async with a_box(tmp_path, tables=TRIAL) as box:
        dealt: dict[str, str] = {}
        for number in range(24):
            user = f"user-{number % 12}"
            if number % 2:
                answer = await box.ask("Hi", WIRES[1], model="chat", user=user)
            else:
                answer = await box.ask("Hi", model="chat", headers={"x-user-id": user})
            assert answer.status_code == 200, answer.text
            variant = answer.headers[VARIANT]
            assert variant == f"size={answer.headers['x-localai-model']}"
            assert dealt.setdefault(user, variant) == variant
        assert set(dealt.values()) == {f"size={SMALL}", f"size={MIDDLE}"}

        report = (await box.client.get("/admin/experiments")).json()["experiments"]["size"]
        counts = {name: each["exposures"] for name, each in report["variants"].items()}
        assert counts == {
            name: 2 * sum(each == f"size={name}" for each in dealt.values())
            for name in (SMALL, MIDDLE)
        }
        figures = (await box.client.get("/metrics")).text
        assert (
            f'localai_experiment_exposures_total{{experiment="size",variant="{SMALL}"}}' in figures
        )


async def test_the_figures_of_routing_are_told(tmp_path: Path) -> None:
    """/metrics has what the members of the family count, after requests of all kinds."""
    tables = '[plugins.routing.fallback]\nbackoff = "1ms"\nretry_share = 1.0\n'
    async with a_box(tmp_path, tables=tables) as box:
        await box.ask("Hello", model="auto")
        box.double.fail(faults.runner_gone(), "/api/chat")
        await box.ask("Hello")
        await until(lambda: box.gateway.running == 0)
        figures = (await box.client.get("/metrics")).text
        for line in (
            'localai_host_up{host="1"} 1.0',
            'localai_models{host="1"} 6.0',
            f'localai_model_loaded_bytes{{host="1",model="{SMALL}"}}',
            f'localai_routed_total{{policy="auto",model="{SMALL}"}} 1.0',
            'localai_retries_total{cause="error"} 1.0',
            "localai_retries_mended_total 1.0",
            f'localai_queue_running{{model="{SMALL}"}} 0.0',
            'localai_queue_loads_total{outcome="ok"} 1.0',
        ):
            assert line in figures, line
