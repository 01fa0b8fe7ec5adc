"""People who work here: how they come in, and what they decide. Nothing of a student's login reaches in here."""
