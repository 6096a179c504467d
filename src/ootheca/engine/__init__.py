"""The embedded table store: DuckDB, and the translation of CockroachDB's queries to it."""
