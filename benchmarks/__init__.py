"""How fast the service is beside the bare minimum that does the same work: `make bench`."""
