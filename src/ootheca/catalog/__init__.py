"""Descriptors as pure data: what a database, schema, table or type is, and how names resolve to them."""
