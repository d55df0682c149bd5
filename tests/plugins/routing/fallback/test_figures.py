"""What retries and other models have come to."""

from plugins.routing.fallback.figures import Figures


def test_each_event_counts_under_its_cause() -> None:
    """Retries by cause; other models by cause and outcome; what was mended, what was refused."""
    figures = Figures()
    figures.retried("busy")
    figures.retried("busy")
    figures.retried("error")
    figures.fell_back("busy", well=True)
    figures.fell_back("busy", well=False)
    figures.mended += 1
    figures.refused += 2
    found = {each.name: dict(each.values) for each in figures.measures()}
    assert found == {
        "localai_retries_total": {("busy",): 2, ("error",): 1},
        "localai_retries_mended_total": {(): 1},
        "localai_retries_refused_total": {(): 2},
        "localai_fallbacks_total": {("busy", "ok"): 1, ("busy", "error"): 1},
    }
    assert all(each.kind == "counter" for each in figures.measures())
