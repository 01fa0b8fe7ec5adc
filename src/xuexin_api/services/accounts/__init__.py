"""One's own account: what it shows, how it is changed and undone, exported, closed."""
