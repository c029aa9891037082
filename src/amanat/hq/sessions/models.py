"""A session and what was said in it.  Rows are added; a decision is never edited: a later session decides again."""

from typing import ClassVar

from django.db import models

from amanat.hq.accounts.models import Official
from amanat.hq.accounts.roles import Role, Scope

BOARD_ROLES = {"executive": Role.EXECUTIVE_BOARD, "supervisory": Role.SUPERVISORY_BOARD}


class Session(models.Model):
    """A meeting of one or both boards of a scope."""

    class State(models.TextChoices):
        """How far it is."""

        PLANNED = "planned", "planned"
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    title_fa = models.CharField(max_length=200)
    place_fa = models.CharField(max_length=200)
    boards = models.JSONField()
    scope = models.CharField(max_length=128, blank=True)
    at_ms = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)
    opened_ms = models.PositiveBigIntegerField(null=True)
    closed_ms = models.PositiveBigIntegerField(null=True)
    minutes = models.BinaryField(null=True)
    minutes_sha256 = models.CharField(max_length=64, blank=True)

    def where(self) -> Scope:
        """Its scope."""
        return Scope.read(self.scope)


class Seat(models.Model):
    """A member of a board in a session."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="seats")
    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    board = models.CharField(max_length=16)
    is_present = models.BooleanField(default=False)
    signed_ms = models.PositiveBigIntegerField(null=True)
    signed_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        """One seat a person and board."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["session", "official", "board"], name="one_seat")]


class Item(models.Model):
    """A point of the agenda about a subject; `kind` names who carries the decision out."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "waiting"
        PASSED = "passed", "passed"
        FAILED = "failed", "failed"

    session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    title_fa = models.CharField(max_length=300)
    scope = models.CharField(max_length=128, blank=True)
    facts = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    ground_fa = models.TextField(blank=True)
    votes = models.JSONField(null=True)
    asked_ms = models.PositiveBigIntegerField()
    decided_ms = models.PositiveBigIntegerField(null=True)

    class Meta:
        """Asked for by what it is about."""

        indexes: ClassVar = [models.Index(fields=["kind", "subject", "decided_ms"], name="item_about")]


class Recusal(models.Model):
    """A member declared a conflict of interest in an item."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="recusals")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="recusals")
    ground_fa = models.TextField()

    class Meta:
        """Once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "seat"], name="one_recusal")]
