"""Rulings: added, never edited; a second ruling on one thing is refused."""

from typing import ClassVar

from django.db import models


class Decision(models.Model):
    """A decision of both boards; without `signatures` (a CBOR array in authority order) it is a draft."""

    id = models.BinaryField(max_length=32, primary_key=True)
    kind = models.PositiveSmallIntegerField()
    reference = models.BinaryField(max_length=32)
    reason = models.PositiveSmallIntegerField()
    text = models.TextField()
    decision = models.BinaryField()
    signatures = models.BinaryField(null=True)
    at_ms = models.PositiveBigIntegerField()

    class Meta:
        """One ruling a thing."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "reference"], name="one_ruling")]


class Exclusion(models.Model):
    """A person who proved not eligible: E with fresh r, under a decision of kind 3."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    credential = models.BinaryField(max_length=64)
    person = models.TextField(unique=True)
    why = models.TextField()
