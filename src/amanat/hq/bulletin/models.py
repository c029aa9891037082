"""The log's rows."""

from django.db import models


class LogEntry(models.Model):
    """An entry of the log (33 bytes); the key is its index, from 0."""

    index = models.PositiveBigIntegerField(primary_key=True)
    entry = models.BinaryField(max_length=33, unique=True)
    at_ms = models.PositiveBigIntegerField()


class Pending(models.Model):
    """An entry that waits for its batch."""

    entry = models.BinaryField(max_length=33, unique=True)
    at_ms = models.PositiveBigIntegerField()
