"""Sessions, further factors, other ways in."""
