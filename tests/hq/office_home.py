"""An office for tests: a home without an election, with a plan of Damavand and Firuzkuh."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.db import connections

from amanat.hq import home as homes
from amanat.hq import office, settings

TRUSTEES = (("هیأت اجرایی", "executive"), ("هیأت نظارت", "guardian-council"), ("دادگستری", "judiciary"))
MIXERS = (("دانشگاه", "university"), ("کانون وکلا", "bar-association"), ("ستاد انتخابات", "hq"))
AUTHORITIES = (("فرماندار", "governor"), ("هیأت نظارت", "supervisory-board"))


@contextmanager
def an_office(folder: Path) -> Iterator[homes.Home]:
    """An office in an empty folder; this process is it until the end."""
    office.prepare(folder)
    try:
        yield homes.current()
    finally:
        connections.close_all()
        settings.configure(Path("home-of-no-election"))
        homes.forget()


def a_plan() -> Any:
    """The plan of a parliamentary election with one contest, two counties and everybody who holds a key."""
    from amanat.hq.elections.models import County, KeyHolder, Plan, PlannedContest

    plan = Plan.objects.create(
        election_id="damavand-firuzkuh",
        title_fa="انتخابات نمونهٔ دماوند و فیروزکوه",
        title_en="Sample election of Damavand and Firuzkuh",
        polling_day=date(2024, 3, 1),
        rule_set="majlis-1402",
        province_fa="تهران",
        threshold=2,
        made_ms=0,
    )
    County.objects.create(id="damavand", name_fa="دماوند", name_en="Damavand")
    County.objects.create(id="firuzkuh", name_fa="فیروزکوه", name_en="Firuzkuh")
    PlannedContest.objects.create(
        id="majlis",
        title_fa="مجلس",
        title_en="Parliament",
        seats=1,
        max_choices=1,
        code_digits=4,
        unit_min=2,
        unit_by="stations",
    )
    kinds = (("trustee", TRUSTEES), ("mixer", MIXERS), ("authority", AUTHORITIES))
    rows = [KeyHolder(kind=kind, name=name, power=power) for kind, people in kinds for name, power in people]
    KeyHolder.objects.bulk_create(rows)
    return plan
