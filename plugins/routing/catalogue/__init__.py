"""Which models there are, where, and what each is."""
