"""Which model answers, where and when. All fail closed.

The first is outermost. What waits for a slot stands innermost, behind the cache: the shipped file
names those members behind it.
"""

MEMBERS = {
    "hosts": "plugins.routing.hosts.plugin:Hosts",
    "catalogue": "plugins.routing.catalogue.plugin:Catalogue",
    "estimate": "plugins.routing.estimate.plugin:Estimator",
    "hardware": "plugins.routing.hardware.plugin:Hardware",
    "quiet": "plugins.routing.quiet.plugin:Quiet",
    "last_resort": "plugins.routing.last_resort:LastResort",
    "experiments": "plugins.routing.experiments.plugin:Experiments",
    "aliases": "plugins.routing.aliases:Aliases",
    "select": "plugins.routing.select.plugin:Select",
    "fallback": "plugins.routing.fallback.plugin:Fallback",
    "context": "plugins.routing.context.plugin:ContextGuard",
    "queue": "plugins.routing.queue.plugin:Queue",
}

OPTIONAL = frozenset({"last_resort", "experiments"})
"""Both change who answers, which their owner must want."""
