"""Enrolled devices and their certificates, on the bulletin before opening (K-8)."""
