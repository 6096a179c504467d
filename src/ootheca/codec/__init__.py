"""Bytes <-> values: table files, keys, values, manifests. No I/O, no clock, no randomness."""
