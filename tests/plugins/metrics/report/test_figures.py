"""Adding up groups of rows."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.report.figures import Figures
from plugins.metrics.report.sums import NAMES

Group = list[str | float]

GROUPS = st.lists(
    st.builds(
        lambda key, model, tenant, number: [
            *(key, model, tenant, "chat", "ok"),
            *([number] * len(NAMES)),
        ],
        st.sampled_from(["key:a", "key:b", "router:", "router:key:a"]),
        st.sampled_from(["m:1", "m:2"]),
        st.sampled_from(["s", "t"]),
        st.integers(0, 1000),
    ),
    max_size=20,
)


def added(groups: list[Group]) -> Figures:
    """Return the figures of groups."""
    figures = Figures()
    steps = list(figures.adding(groups))
    assert len(steps) == len(groups)
    return figures


def shown(figures: Figures) -> list[object]:
    """Return all that figures hold."""
    named = (figures.by_key, figures.by_model, figures.by_tenant, figures.by_kind)
    return [
        figures.total.values,
        figures.router.values,
        *({name: sums.values for name, sums in each.items()} for each in named),
    ]


@given(GROUPS)
def test_every_way_to_divide_callers_requests_gives_their_total(groups: list[Group]) -> None:
    """Keys, models, tenants, kinds and outcomes each add up to the same."""
    figures = added(groups)
    total = figures.total.count("requests")
    for named in (figures.by_key, figures.by_model, figures.by_tenant, figures.by_outcome):
        assert sum(sums.count("requests") for sums in named.values()) == total
    assert total + figures.router.count("requests") == sum(float(group[5]) for group in groups)


def test_the_routers_own_requests_stand_apart() -> None:
    """What the router asks for itself is nobody's request."""
    figures = added([["router:key:a", "m", "t", "embed", "ok", *([1] * len(NAMES))]])
    assert figures.router.count("requests") == 1
    assert figures.total.count("requests") == 0
    assert not figures.by_key
    assert figures.size == 2


@given(GROUPS, GROUPS)
def test_times_are_put_together(first: list[Group], second: list[Group]) -> None:
    """The figures of two times merged are those of all their rows."""
    merged = added(first)
    list(merged.merging(added(second)))
    assert shown(merged) == shown(added(first + second))
