"""Names in the file and the plugins that they stand for."""

from pathlib import Path

import pytest

from core.config import Settings, parse
from core.errors import SettingsError
from core.resolve import entries, families, optional

FILE = Path("/x/localai.toml")


def _settings(chain: str, more: str = "") -> Settings:
    return parse(f"[chain]\nplugins = {chain.split()!r}\n{more}", FILE)


def _names(chain: str, more: str = "") -> list[str]:
    return [entry.name for entry in entries(_settings(chain, more))]


def _members(*names: str) -> list[str]:
    return [
        f"{name}.{member}"
        for name in names
        for member in families()[name]
        if member not in optional(name)
    ]


def test_families_come_in_the_order_of_the_file() -> None:
    """A family stands for its members in its own order; the families as the file orders them."""
    assert _names("cache metrics") == _members("cache", "metrics")
    assert _names("metrics cache") == _members("metrics", "cache")


def test_a_member_that_is_named_alone_stands_at_that_place_only() -> None:
    """Wherever the family stands, before or after, it leaves that member out."""
    one, *rest = _members("routing")
    assert rest
    assert _names(f"routing metrics {one}") == [*rest, *_members("metrics"), one]
    assert _names(f"{one} metrics routing") == [one, *_members("metrics"), *rest]
    assert _names(one) == [one]


def test_members_and_families_can_be_switched_off() -> None:
    """`enabled = false` removes one member, or with the family's table all of them."""
    one, *rest = _members("routing")
    assert _names("routing", f"[plugins.{one}]\nenabled = false") == rest
    assert _names(one, f"[plugins.{one}]\nenabled = false") == []
    assert _names("routing", "[plugins.routing]\nenabled = false") == []
    assert _names(one, "[plugins.routing]\nenabled = false") == []
    assert _names("mine", "[plugins.mine]\nuse = 'm:C'\nenabled = false") == []


def test_an_optional_member_is_off_until_it_is_asked_for() -> None:
    """A family leaves its optional members out, unless they are enabled or named in the chain."""
    assert optional("cache") == {"semantic"}
    assert "cache.semantic" not in _names("cache", "[plugins.cache.semantic]\nthreshold = 1.0")
    assert _names("cache", "[plugins.cache.semantic]\nenabled = false") == _members("cache")
    on = "[plugins.cache.semantic]\nenabled = true"
    assert _names("cache", on) == [*_members("cache"), "cache.semantic"]
    assert _names("cache cache.semantic") == [*_members("cache"), "cache.semantic"]


def test_a_plugin_of_ones_own_needs_use() -> None:
    """`use` names module and class, of a new plugin, of a whole family, or of one member."""
    assert entries(_settings("mine", "[plugins.mine]\nuse = 'm:C'"))[0].use == "m:C"
    assert entries(_settings("cache", "[plugins.cache]\nuse = 'm:C'"))[0].name == "cache"
    other = entries(_settings("cache.exact", "[plugins.cache.exact]\nuse = 'm:C'"))[0]
    assert (other.name, other.use) == ("cache.exact", "m:C")
    assert other.where == ("plugins", "cache", "exact")


@pytest.mark.parametrize(
    ("chain", "more", "expected"),
    [
        ("cache cache", "", ":2: [chain] plugins: 'cache' stands there twice: remove one"),
        ("cache.exact cache.exact", "", "'cache.exact' stands there twice"),
        ("cahce", "", ":2: [chain] plugins: unknown plugin 'cahce'; did you mean 'cache'?"),
        ("cache.exat", "", "unknown plugin 'cache.exat'; did you mean 'cache.exact'?"),
        ("shuot", "[plugins.shout]\nuse = 'm:C'", "did you mean 'shout'?"),
        (
            "",
            "[plugins.cahce]\nx = 1",
            ":3: [plugins.cahce]: unknown plugin; one of your own needs",
        ),
        ("", "[plugins.cahce]\nx = 1", "did you mean 'cache'?"),
        ("", "[plugins.cache.exat]\nx = 1", "unknown plugin or setting; did you mean 'exact'?"),
        ("cache", "[plugins.cache]\nexact = 1", ":4: [plugins.cache] exact: expected a table"),
        (
            "cache",
            "[plugins.cache]\nenabled = 1",
            "[plugins.cache] enabled: expected true or false",
        ),
        ("cache", "[plugins.cache.exact]\nenabled = 'no'", "enabled: expected true or false"),
        ("mine", "[plugins.mine]\nuse = 'm'", '[plugins.mine] use: expected "module:Class"'),
        ("mine", "[plugins.mine]\nuse = 5", '[plugins.mine] use: expected "module:Class"'),
        ("mine", "[plugins.mine]\nuse = 'm:C'\nenabled = 0", "enabled: expected true or false"),
    ],
)
def test_names_that_stand_for_nothing_get_a_hint(chain: str, more: str, expected: str) -> None:
    """A slip in the chain or in a table's name is one message with its line and a near name."""
    with pytest.raises(SettingsError) as caught:
        entries(_settings(chain, more))
    assert str(caught.value).startswith(f"{FILE}:")
    assert expected in str(caught.value)
