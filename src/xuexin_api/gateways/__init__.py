"""The outside world: messages, files, the hashing threads. Called after a transaction, never inside one."""
