"""Headquarters: takes what stations deliver, logs it in public, publishes the record (see README.md)."""
