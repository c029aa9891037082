"""The shipped programs in networks of their own, on PostgreSQL that is killed, over files that lose unsynced data.

After each fault headquarters' rows and the journals on the stations' media were equal entry by entry, and both equal to
the voters' ledger: the run itself compares, and ends where they differ.  `make faults-real` does all of it longer.
"""

from tests.faults.real.conftest import Run


def test_a_line_that_loses_delays_reorders_and_doubles(real: Run) -> None:
    """IP packets between station and headquarters are lost, late, out of order and doubled; one line is narrow."""
    seen = real.fault("bad-line")
    assert min(seen["lost"], seen["doubled"], seen["overtaken"]) > 0


def test_partition_one_way_and_silence(real: Run) -> None:
    """One line down, one where answers vanish after the commit, one open and silent: voting goes on at all three."""
    seen = real.fault("partition")
    assert min(seen["answers_lost"], seen["packets_silenced"]) > 0


def test_postgres_killed_in_commit(real: Run) -> None:
    """kill -9 of every PostgreSQL process while a push is in COMMIT: what was acknowledged is there, the rest comes."""
    assert real.fault("postgres-killed")["kills_in_commit"] > 0


def test_a_worker_killed_in_commit(real: Run) -> None:
    """kill -9 of an intake process whose transaction is in COMMIT, then of all of headquarters: nothing twice."""
    assert real.fault("worker-killed")["kills_in_commit"] > 0


def test_all_devices_upload_while_transactions_fail(real: Run) -> None:
    """Every line comes back at once with a backlog, while statements and commits fail and connections break."""
    seen = real.fault("transactions-fail")
    assert min(seen["failed"], seen["broken"]) > 0


def test_power_cuts_drop_what_was_not_synced(real: Run) -> None:
    """kill -9 in the middle of a press; each medium then holds what was synced, and of the rest any part, torn."""
    seen = real.fault("power-cuts")
    assert min(seen["cuts"], seen["unsynced_writes"]) > 0


def test_a_full_medium(real: Run) -> None:
    """One file system is full: its medium is given up and the other goes on.  Both: nobody is let in until there is
    room again, and then the same person votes."""
    seen = real.fault("full-medium")
    assert (seen["given_up"], seen["refused"]) == (1, 1)


def test_a_read_only_medium(real: Run) -> None:
    """One file system is read-only from the start: the other goes on, and fills it once it can be written."""
    seen = real.fault("read-only-medium")
    assert seen["given_up"] == 1
    assert seen["entries_behind"] > 0
    assert not [medium for medium in real.fault("clocks-jump")["behind"] if medium.startswith("F3")]


def test_clocks_jump_by_hours(real: Run) -> None:
    """A station's clock and headquarters' jump hours forward and back while people vote: a clock decides nothing."""
    assert real.fault("clocks-jump")["jumps"] > 0


def test_the_tally_is_what_the_voters_did(real: Run) -> None:
    """The day is closed, counted and verified: none lost, none counted twice, every total as the voters' ledger."""
    found = real.report["summary"]
    assert (found["lost"], found["counted_twice"], found["totals_differ"]) == (0, 0, []), real.said
    assert found["verified"]
    assert found["cast"] == real.report["closed"]["ballots"]
