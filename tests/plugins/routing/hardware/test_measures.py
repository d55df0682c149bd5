"""The sensors' figures for /metrics."""

from plugins.routing.hardware.card import Card
from plugins.routing.hardware.measures import measures
from plugins.routing.hardware.reading import Reading

CARD = Card(name="card1", is_integrated=True, vram=512, gtt=4096)


def test_each_figure_has_its_name() -> None:
    """What is known is told in the units that the names say."""
    reading = Reading(
        at=0,
        card=CARD,
        busy=0.5,
        vram_used=100,
        gtt_used=2000,
        clock=2.9e9,
        memory_clock=1e9,
        temperature=61.0,
        watts=89.5,
        ram_total=9000,
        ram_available=3000,
    )
    found = {measure.name: dict(measure.values) for measure in measures(reading, 12.5)}
    assert found == {
        "localai_gpu_busy_ratio": {(): 0.5},
        "localai_power_watts": {(): 89.5},
        "localai_temperature_celsius": {(): 61.0},
        "localai_gpu_clock_hertz": {(): 2.9e9},
        "localai_gpu_memory_clock_hertz": {(): 1e9},
        "localai_memory_total_bytes": {("vram",): 512, ("gtt",): 4096, ("ram",): 9000},
        "localai_memory_used_bytes": {("vram",): 100, ("gtt",): 2000, ("ram",): 6000},
        "localai_energy_joules_total": {(): 12.5},
    }


def test_what_is_not_known_is_left_out() -> None:
    """A missing figure is no zero; without a card there is nothing at all."""
    assert list(measures(None, 0.0)) == []
    found = {each.name: dict(each.values) for each in measures(Reading(at=0, card=CARD), 0.0)}
    assert found == {
        "localai_memory_total_bytes": {("vram",): 512, ("gtt",): 4096},
        "localai_memory_used_bytes": {},
    }


def test_the_sum_stays_when_the_sensor_goes() -> None:
    """A counter does not vanish with one reading that misses the watts."""
    names = [measure.name for measure in measures(Reading(at=0, card=CARD), 5.0)]
    assert "localai_energy_joules_total" in names
