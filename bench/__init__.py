"""Figures of the count's stages and of the verifier; `make bench`.  Correctness is tested elsewhere."""
