"""Statements at work: a session owns the store, and one handler per statement class runs it."""
