"""The chained logs."""
