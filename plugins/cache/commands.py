"""`localai cache stats` and `localai cache clear`: what the router that runs is asked."""

import click

from localai import AdminCommand, RunningRouter
from plugins.cache.cli import cache_group

ADMIN = AdminCommand(path="/admin/cache", scope="admin:cache", plugin="cache")


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    cache = cache_group(cli)
    for command in (_stats, _clear):
        cache.add_command(command)


@click.command("stats")
@ADMIN.options
def _stats(router: RunningRouter) -> None:
    """Show hits and misses, what they saved, and what is stored."""
    report = router.ask("GET")
    if router.as_json:
        router.print_json(report)
        return
    from plugins.cache.display import print_report

    print_report(report)


@click.command("clear")
@click.option("--prefix", help="How their keys begin: chat:, generate:, embed:, models: …")
@click.option("--model", help="Of this model.")
@click.option("--tag", help="With this tag.")
@click.option("--tenant", help="Of this tenant.")
@click.option("--key", help="The key of one answer, or the id of who asked: key:…, user:…")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@ADMIN.options
def _clear(router: RunningRouter, everything: bool, **said: str | None) -> None:
    """Remove the answers that match all that is said, or --all."""
    parameters = {name: value for name, value in said.items() if value is not None}
    if everything == bool(parameters):
        raise click.UsageError("say which by --prefix, --model, --tag, --tenant, --key, or --all")
    answer = router.ask("DELETE", parameters or {"all": "true"})
    if router.as_json:
        router.print_json(answer)
    else:
        removed = answer["removed"]
        click.echo(f"removed {removed:,} {'answer' if removed == 1 else 'answers'}", err=True)
