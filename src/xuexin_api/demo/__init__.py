"""Made-up people and schools, for demonstrations, trials and benchmarks. Nothing of the service depends on them."""
