"""Registration, the account, its changes and its recovery."""
