"""Values that OpenTelemetry's conventions for HTTP and for GenAI name, for figures and spans."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods of HTTP that are told by name: others are texts of callers."""
PROVIDER = "ollama"
"""`gen_ai.provider.name`; the conventions have no value of their own for it, and allow others."""
OPERATIONS = {"chat": "chat", "generate": "text_completion", "embed": "embeddings"}
"""`gen_ai.operation.name` by the kind of a call."""
