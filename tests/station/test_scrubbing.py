"""The scrubber reads the media back all day, and signs nothing before a restarted terminal acts (J-7)."""

from tests.station.conftest import MARYAM, Booths, permit_for


async def test_rot_found_after_a_restart_is_signed_for_only_once_the_terminal_acts(booths: Booths) -> None:
    """Medium B rots while the power is away.  The scrubber comes round before anybody has acted, when headquarters may
    still say that it holds more of this journal.  Wanted: nothing is written then; after the first act the rot is
    mended from medium A and an incident says so."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    terminal = await booths.after_power_cut(terminal)
    written = terminal.journal.state.next_seq
    file = terminal.home / terminal.settings.medium_b / "journal"
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    for _ in range(10):
        terminal.scrub()
    assert terminal.journal.state.next_seq == written
    terminal.desk.look(MARYAM)  # the first act: the restart is written down
    acted = terminal.journal.state.next_seq
    assert acted > written
    for _ in range(20):
        terminal.scrub()
    assert terminal.journal.state.next_seq > acted, "the rot was not told"
