"""Who is next: slots per model and host, in a fair order."""
