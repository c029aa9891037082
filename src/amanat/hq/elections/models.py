"""The one election of a home: as it is planned, as it was published, its register deltas, the book of official acts."""

from typing import ClassVar

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


class Plan(models.Model):
    """The single row of an election that is being prepared; what is published of it is in `Version`."""

    election_id = models.SlugField(max_length=64)
    title_fa = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    round = models.PositiveSmallIntegerField(default=1)
    polling_day = models.DateField()
    rule_set = models.CharField(max_length=64)
    province_fa = models.CharField(max_length=100)
    threshold = models.PositiveSmallIntegerField(default=1)
    made_ms = models.PositiveBigIntegerField()


class County(models.Model):
    """A county of the constituency (شهرستان); `id` is what scopes name."""

    id = models.SlugField(max_length=64, primary_key=True)
    name_fa = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)

    def __str__(self) -> str:
        """The name that people read."""
        return self.name_fa


class SubConstituency(models.Model):
    """A sub-constituency (حوزهٔ فرعی) of a county."""

    id = models.SlugField(max_length=64, primary_key=True)
    county = models.ForeignKey(County, on_delete=models.PROTECT, related_name="parts")
    name_fa = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)


class PlannedContest(models.Model):
    """A contest of the visit (Majlis, Experts, …) before it is published."""

    id = models.SlugField(max_length=32, primary_key=True)
    title_fa = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    seats = models.PositiveSmallIntegerField()
    max_choices = models.PositiveSmallIntegerField()
    code_digits = models.PositiveSmallIntegerField()
    unit_min = models.PositiveIntegerField()
    unit_by = models.CharField(max_length=16, choices=[("stations", "stations"), ("county", "county")])

    def __str__(self) -> str:
        """The name that people read."""
        return self.title_fa


class KeyHolder(models.Model):
    """A trustee, a mixer or an authority of the election: its name and the power or owner behind it."""

    kind = models.CharField(max_length=16, choices=[(one, one) for one in ("trustee", "mixer", "authority")])
    name = models.CharField(max_length=200)
    power = models.CharField(max_length=200)

    class Meta:
        """In the order in which they were named."""

        ordering: ClassVar = ["kind", "id"]

    def __str__(self) -> str:
        """The name that people read."""
        return self.name


class Done(models.Model):
    """A deadline that was met: who said so, and when."""

    deadline = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey("accounts.Appointment", on_delete=models.PROTECT, related_name="+")
    at_ms = models.PositiveBigIntegerField()
    note_fa = models.TextField(blank=True)


class Version(models.Model):
    """A published version of the definition: its files, frozen, the reason, and both signatures' acts."""

    number = models.PositiveIntegerField(unique=True)
    reason_fa = models.TextField()
    files = models.JSONField()
    digest = models.CharField(max_length=64)
    proposed_by = models.ForeignKey("accounts.Appointment", on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey("accounts.Appointment", on_delete=models.PROTECT, related_name="+")
    at_ms = models.PositiveBigIntegerField()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-number"]
