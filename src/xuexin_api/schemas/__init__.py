"""Shapes of requests and answers. Input forbids extra fields; output has no defaults, so that clients see all."""
