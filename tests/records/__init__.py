"""Tests of amanat.records."""
