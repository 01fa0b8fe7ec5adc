"""Challenges, codes and what they prove."""
