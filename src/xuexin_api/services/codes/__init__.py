"""One-time codes and what they prove."""
