"""Photos that people send: taken and kept, shown again, erased in time. What they are for is known to their home."""
