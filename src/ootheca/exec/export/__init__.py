"""EXPORT: the rows of a query as CSV or Parquet files in any storage; the handler is `statements/export.py`."""
