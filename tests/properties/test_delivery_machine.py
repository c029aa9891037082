"""Delivery whatever happens, over the three stores that headquarters may have (S-1 to S-5, S-8, J-7).

`make test` takes a sample; `make faults-machines` takes 50,000 steps over each store (AMANAT_MACHINES: how many).
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.hq.private_postgresql import new_database, private_cluster
from tests.properties.delivery_machine import Delivery
from tests.properties.stores import Memory, django_store

LENGTH = 50
WIDE = int(os.environ.get("AMANAT_MACHINES", "0"))
SHARED = Path("/dev/shm")


def drive(make_store: Callable[[], Any], *, examples: int) -> None:
    """Runs machines of at most LENGTH steps: so many, always the same; or until there were WIDE steps."""
    Delivery.steps = 0
    while Delivery.steps < max(1, WIDE):
        run_state_machine_as_test(
            lambda: Delivery(make_store()),  # type: ignore[arg-type]
            settings=settings(
                max_examples=20 if WIDE else examples, stateful_step_count=LENGTH, deadline=None, database=None,
                derandomize=not WIDE, suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
        print(f"\n{Delivery.steps} steps", flush=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: thousands of commits."""
    with TemporaryDirectory(dir=SHARED if SHARED.is_dir() else None) as name:
        yield Path(name)


def test_over_the_simulations_store() -> None:
    """Whatever the world does, the store in memory that the simulation uses keeps every promise of delivery."""
    drive(Memory, examples=40)


def test_over_django_on_sqlite(folder: Path) -> None:
    """The same story with headquarters' own store on SQLite."""
    drive(django_store(folder), examples=8)


def test_over_django_on_postgresql(folder: Path) -> None:
    """The same story with headquarters' own store on PostgreSQL."""
    with private_cluster("fsync=off") as cluster:
        from django.db import connections

        drive(django_store(folder, new_database(cluster)), examples=5)
        connections.close_all()
