"""Which model answers: by task, need and cost."""
