"""What happens when a model can't answer: ask again, then ask others."""
