"""What happened, and how long it took. All fail open."""

MEMBERS = {
    "log": "plugins.metrics.log:RequestLog",
    "prometheus": "plugins.metrics.prometheus:Prometheus",
}
