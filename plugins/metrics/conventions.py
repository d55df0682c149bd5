"""Names that figures, spans, lines and rows share, many of OpenTelemetry's conventions."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods of HTTP that are told by name: others are texts of callers."""
PROVIDER = "ollama"
"""`gen_ai.provider.name`; the conventions have no value of their own for it, and allow others."""
OPERATIONS = {"chat": "chat", "generate": "text_completion", "embed": "embeddings"}
"""`gen_ai.operation.name` by the kind of a call."""
CACHE = "x-localai-cache"
"""The header by which the cache says what it did."""
LEFT = 499
"""The status of a request whose client left before the end: that of nginx."""
NANOSECONDS = 1e9
"""In a second, as Ollama counts."""
OTHER = "other"
"""The label of whatever is above a bound, or has no name of its own."""
REFUSALS = {"RateLimited": "rate", "LimitReached": "rate", "BudgetSpent": "budget"}
"""What has run out, by the class of the error."""
