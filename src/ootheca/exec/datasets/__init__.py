"""Sample databases for `ootheca demo`: generated, the same every time."""
