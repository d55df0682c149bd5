"""The plugins that come with the router; each family lists its members in their order."""
