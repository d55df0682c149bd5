"""One group of commands for the whole family."""

import click

from plugins.cache.cli import cache_group


def test_the_group_is_made_once() -> None:
    """Whoever of the family comes first makes it, and the others add to it."""
    cli = click.Group()
    group = cache_group(cli)
    assert cache_group(cli) is group
    assert list(cli.commands) == ["cache"]
    assert group.help


def test_a_command_of_the_same_name_is_replaced() -> None:
    """What is no group can take no commands."""
    cli = click.Group(commands={"cache": click.Command("cache")})
    assert cli.commands["cache"] is not cache_group(cli)
    assert isinstance(cli.commands["cache"], click.Group)
