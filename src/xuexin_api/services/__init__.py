"""What the service decides. Transactions stand in sight here; HTTP and settings are unknown here."""
