"""Accounts and the academic archive: a JSON service. Start reading in app.py, then routers/."""
