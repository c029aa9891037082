"""Delivery, sans-IO: `station_side` and `hq_side` speak `messages`; callers send, store and wait (see README.md)."""
