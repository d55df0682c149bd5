"""Less of everything while it is hot, loud, late or dear."""
