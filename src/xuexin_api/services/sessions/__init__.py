"""Sessions: opened, kept, shown, ended."""
