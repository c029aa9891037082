"""The one election of a home, its register deltas, and the book of official acts."""

from django.db import models


class Election(models.Model):
    """The single row: which election, and the epoch of this database (S-4)."""

    eh = models.BinaryField(max_length=32)
    epoch = models.BinaryField(max_length=16)


class RegisterDelta(models.Model):
    """A signed change of the register; versions are consecutive."""

    version = models.PositiveBigIntegerField(primary_key=True)
    delta = models.BinaryField()
    signature = models.BinaryField(max_length=64)
    at_ms = models.PositiveBigIntegerField()


class Act(models.Model):
    """Something that headquarters did officially.  Rows are only added."""

    at_ms = models.PositiveBigIntegerField()
    what = models.TextField()
    detail = models.TextField()
