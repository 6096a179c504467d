"""Results and errors to text: one module for each display format, and the one place that words errors."""
