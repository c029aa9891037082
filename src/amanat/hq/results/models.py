"""Where the published record stands."""

from django.db import models


class Publication(models.Model):
    """A record that was published; the last one is shown."""

    at_ms = models.PositiveBigIntegerField()
    folder = models.TextField()
