"""A device as it was certified."""

from django.db import models


class Device(models.Model):
    """One device, one key, one journal; `board_signatures` (a CBOR array) stand beside a late certificate only."""

    device = models.PositiveBigIntegerField(primary_key=True)
    station = models.PositiveBigIntegerField(db_index=True)
    roles = models.PositiveSmallIntegerField()
    key = models.BinaryField(max_length=32, unique=True)
    certificate = models.BinaryField()
    certificate_id = models.BinaryField(max_length=32, unique=True)
    signature = models.BinaryField(max_length=64)
    board_signatures = models.BinaryField(null=True)
