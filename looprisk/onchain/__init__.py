"""From an address at one pinned block to a system; nothing else of looprisk touches a network."""
