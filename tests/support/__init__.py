"""What stories need: a clock that ticks by hand, chance that is known, a client that checks the contract."""
