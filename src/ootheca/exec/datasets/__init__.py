"""Sample data: one module for each database, found by its name."""

from __future__ import annotations

__all__ = ["DATASETS"]

DATASETS = ("movr", "bank", "intro", "starlog")
"""The modules, the usual one first. Each has ABOUT, DATABASE, SCHEMA and `tables()`."""
