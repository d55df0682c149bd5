"""What happened, and how long it took. All fail open."""

MEMBERS = {
    "energy": "plugins.metrics.energy.plugin:Energy",
    "traces": "plugins.metrics.traces.plugin:Traces",
    "log": "plugins.metrics.log.plugin:RequestLog",
    "prometheus": "plugins.metrics.prometheus.plugin:Prometheus",
    "ledger": "plugins.metrics.ledger.plugin:Ledger",
    "report": "plugins.metrics.report.plugin:Report",
    "dashboard": "plugins.metrics.dashboard.plugin:Dashboard",
}

OPTIONAL = frozenset({"traces"})
"""It needs packages of its own, and a collector."""
