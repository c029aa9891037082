"""The public log: entries wait for their batch, then stand for ever (L-1 to L-5)."""
