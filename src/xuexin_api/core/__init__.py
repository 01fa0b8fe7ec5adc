"""Rules and values of the field: pure code. No database, no HTTP, no files but the package's own."""
