"""What came, and what it means so far: entries are the truth, the other tables are their projection."""

from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """A journal entry as it arrived; the same (device, seq) with another hash is a fork, kept as well."""

    device = models.PositiveBigIntegerField()
    seq = models.PositiveBigIntegerField()
    hash = models.BinaryField(max_length=32)
    kind = models.TextField()
    entry = models.BinaryField()
    signature = models.BinaryField(max_length=64)
    private = models.BinaryField(null=True)
    forked = models.BooleanField()
    wall_ms = models.PositiveBigIntegerField()
    arrived_ms = models.PositiveBigIntegerField()

    class Meta:
        """Exactly once, by the database's own word."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["device", "seq", "hash"], name="entry_once")]
        indexes: ClassVar = [models.Index(fields=["kind"], name="entry_kind")]


class Tip(models.Model):
    """The end of one branch of a device's journal, chained without a gap from its first entry."""

    device = models.PositiveBigIntegerField(db_index=True)
    seq = models.PositiveBigIntegerField()
    hash = models.BinaryField(max_length=32)


class Loose(models.Model):
    """An entry that waits for the one before it."""

    device = models.PositiveBigIntegerField(db_index=True)
    seq = models.PositiveBigIntegerField()
    hash = models.BinaryField(max_length=32)
    prev = models.BinaryField(max_length=32)


class News(models.Model):
    """A check-in as the other stations hear it; the key is the cursor."""

    digest = models.BinaryField(max_length=10)
    station = models.PositiveBigIntegerField()


class DeadLetter(models.Model):
    """What could not be taken, whole; once by its SHA-256."""

    digest = models.BinaryField(max_length=32, unique=True)
    raw = models.BinaryField()
    reason = models.TextField()
    device = models.PositiveBigIntegerField(null=True)
    at_ms = models.PositiveBigIntegerField()


class Link(models.Model):
    """When a device was last heard of, over which gateway, and the head that it named itself."""

    device = models.PositiveBigIntegerField(primary_key=True)
    gateway = models.PositiveBigIntegerField()
    heard_ms = models.PositiveBigIntegerField()
    seq = models.PositiveBigIntegerField()


class Permit(models.Model):
    """A permit of a journal.  `seconds`: headquarters' last answer before the decision, None if never.

    `sound` is None until E was recomputed from V, True or False after; `person` is the national id (destroyed with V).
    """

    ph = models.BinaryField(max_length=32, primary_key=True)
    serial = models.BinaryField(max_length=16)
    device = models.PositiveBigIntegerField()
    station = models.PositiveBigIntegerField()
    terminal = models.PositiveBigIntegerField()
    replaces = models.BinaryField(max_length=16, null=True)
    permit = models.BinaryField()
    signature = models.BinaryField(max_length=64)
    private = models.BinaryField(null=True)
    person = models.TextField(null=True, db_index=True)
    seconds = models.PositiveBigIntegerField(null=True)
    wall_ms = models.PositiveBigIntegerField()
    sound = models.BooleanField(null=True, db_index=True)


class Refusal(models.Model):
    """A look-up that ended without a permit."""

    device = models.PositiveBigIntegerField()
    station = models.PositiveBigIntegerField()
    reason = models.TextField()
    detail = models.TextField()
    person = models.TextField(null=True)
    seconds = models.PositiveBigIntegerField(null=True)
    wall_ms = models.PositiveBigIntegerField()


class Ballot(models.Model):
    """A cast ballot.  `verdict` is None until checked, "" if sound, else the first check that failed: it is kept,
    published, and annulled in public (S-3)."""

    id = models.BinaryField(max_length=32, primary_key=True)
    core = models.BinaryField()
    signature = models.BinaryField(max_length=64)
    ph = models.BinaryField(max_length=32)
    issuer = models.PositiveBigIntegerField()
    device = models.PositiveBigIntegerField()
    station = models.PositiveBigIntegerField(db_index=True)
    wall_ms = models.PositiveBigIntegerField(db_index=True)
    verdict = models.TextField(null=True, db_index=True)


class Sheet(models.Model):
    """A closing sheet."""

    id = models.BinaryField(max_length=32, primary_key=True)
    device = models.PositiveBigIntegerField(db_index=True)
    sheet = models.BinaryField()
    signature = models.BinaryField(max_length=64)


class Frame(models.Model):
    """A text message of a station, whole: news and provisional figures, never entries (S-7).  Once by its SHA-256."""

    digest = models.BinaryField(max_length=32, unique=True)
    device = models.PositiveBigIntegerField()
    number = models.PositiveBigIntegerField()
    kind = models.TextField()
    raw = models.BinaryField()
    said = models.TextField()
    at_ms = models.PositiveBigIntegerField()

    class Meta:
        """The day page asks for the latest of each kind."""

        indexes: ClassVar = [models.Index(fields=["device", "kind", "number"], name="frame_latest")]


class NarrowPeer(models.Model):
    """A device that headquarters answers by text message: the number of the last frame to it, the news that it has."""

    device = models.PositiveBigIntegerField(primary_key=True)
    number = models.PositiveBigIntegerField()
    cursor = models.PositiveBigIntegerField()
