"""Staff and the review desk."""
