"""Officials, their appointments, the acts that two of them do together, and the log of everything official."""

import hashlib
import json
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from amanat.hq.accounts.roles import TITLES, Role, Scope


class Officials(BaseUserManager["Official"]):
    """Makes officials."""

    def create_official(self, username: str, name_fa: str, password: str) -> "Official":
        """A person who can sign in once a second factor is set."""
        official = self.model(username=username, name_fa=name_fa)
        official.set_password(password)
        official.save(using=self._db)
        return official


class Official(AbstractBaseUser):
    """A person.  Never deleted; `is_active` ends the right to sign in."""

    username = models.CharField(max_length=64, unique=True)
    name_fa = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    objects: ClassVar[Officials] = Officials()

    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        """The name that people read."""
        return self.name_fa


class Appointment(models.Model):
    """A role of a person somewhere; ended by a date, never deleted."""

    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=32, choices=[(role.value, TITLES[role]) for role in Role])
    scope = models.CharField(max_length=128, blank=True)
    by = models.ForeignKey(Official, null=True, on_delete=models.PROTECT, related_name="+")
    at_ms = models.PositiveBigIntegerField()
    ended_ms = models.PositiveBigIntegerField(null=True)

    class Meta:
        """Asked for by person at every page."""

        indexes: ClassVar = [models.Index(fields=["official", "ended_ms"], name="appointment_now")]

    def where(self) -> Scope:
        """Its scope."""
        return Scope.read(self.scope)


class Proposal(models.Model):
    """An act that needs two roles: one proposes, an official of another role confirms or refuses, once."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "waiting"
        DONE = "done", "done"
        REFUSED = "refused", "refused"

    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    summary_fa = models.TextField()
    facts = models.JSONField()
    proposed_by = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="+")
    proposed_ms = models.PositiveBigIntegerField()
    answered_by = models.ForeignKey(Appointment, null=True, on_delete=models.PROTECT, related_name="+")
    answered_ms = models.PositiveBigIntegerField(null=True)
    ground = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)


class Action(models.Model):
    """One line of the log.  Rows are only added; each holds the hash of the one before, so a missing one shows."""

    at_ms = models.PositiveBigIntegerField(db_index=True)
    official = models.ForeignKey(Official, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, blank=True)
    scope = models.CharField(max_length=128, blank=True)
    verb = models.CharField(max_length=64, db_index=True)
    subject = models.CharField(max_length=200, db_index=True)
    summary_fa = models.TextField()
    facts = models.JSONField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    def computed_hash(self) -> str:
        """SHA-256 over every field and the hash before."""
        fields: list[Any] = [self.at_ms, self.official_id, self.role, self.scope, self.verb, self.subject]
        fields += [self.summary_fa, self.facts, self.previous]
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(b"amanat/v1/action" + text.encode()).hexdigest()
