"""Schema, step by step."""
