"""Ten ways to one person's second ballot.  In each exactly one ballot of a person counts, the record says why, and the
verifier, which shares no code with us, explains it in Persian and in English (P-1, T-5, L-5)."""

from tests.stories.county import County, story
from tests.stories.damavand import (
    ALI,
    BAHMAN,
    HOSSEIN,
    KAVEH,
    MARYAM,
    NARGES,
    PARVIN,
    PEOPLE,
    QUEUE,
    REZA,
    SHIRIN,
    SIMIN,
    ZAHRA,
)
from tests.stories.headquarters import Record
from tests.stories.killed import STEPS
from tests.stories.stations import OFFICERS, Receipt

from amanat.records.order import Reason


async def counts(record: Record, receipt: Receipt) -> None:
    """This ballot is in the result, and whoever asks is told so."""
    assert record.counted(receipt.id)
    fa, en = (await record.explain(receipt.code)).splitlines()
    assert fa.startswith(f"برگهٔ {receipt.code} شمرده شد")
    assert en.startswith(f"Ballot {receipt.code} was counted, in unit majlis/s1-")


async def is_duplicate(record: Record, receipt: Receipt, *, of: Receipt) -> None:
    """This ballot is set aside for that one, and whoever asks is told which."""
    assert record.set_aside[receipt.id] == (Reason.DUPLICATE, of.id)
    fa, en = (await record.explain(receipt.code)).splitlines()
    assert fa == f"برگهٔ {receipt.code} کنار گذاشته شد: همین شخص برگهٔ دیگری دارد که شمرده شد: {of.code}."
    assert en == f"Ballot {receipt.code} was set aside: duplicate: the same person's ballot {of.code} was kept."


async def one_counts(record: Record, one: Receipt, other: Receipt) -> None:
    """The lottery keeps one of the two, whichever; the other is its duplicate."""
    kept, dropped = (one, other) if record.counted(one.id) else (other, one)
    await counts(record, kept)
    await is_duplicate(record, dropped, of=kept)


@story
async def test_maryam_votes_at_two_stations_that_are_cut_off(county: County) -> None:
    """1.  Rudehen and Absard lose their lines.  Maryam votes in Rudehen, then in Absard, which cannot know.  The lines
    return and Absard's journal arrives first.  Wanted: both ballots held, one case open; one counts and the other is
    its duplicate, chosen by the lottery, never by a clock or by who came first (T-5, J-5)."""
    rudehen, absard = county.cut_off("rudehen", "absard")
    first = await rudehen.vote(MARYAM, "1001")
    second = await absard.vote(MARYAM, "1002")
    await county.reconnect(absard, rudehen)
    assert MARYAM in await county.hq.cases()
    record = await county.count()
    await one_counts(record, first, second)


@story
async def test_hossein_comes_back_to_the_same_station(county: County) -> None:
    """2.  Hossein votes in Kilan and comes again.  The desk says *checked in already*.  He says that somebody used his
    name; two officers look at his document and let him vote.  Wanted: a case for the boards, one ballot counts, the
    other is its duplicate: an appeal is harmless (C-1)."""
    kilan = county["kilan"]
    first = await kilan.vote(HOSSEIN, "1001")
    screen = await kilan.look(HOSSEIN)
    assert (screen["decision"], screen["reason"]) == ("checked-in-already", "here")
    second = await kilan.vote(HOSSEIN, "1002", appeal=("نسرین پارسا", "بهرام صفایی"))
    await county.deliver(kilan)
    assert HOSSEIN in await county.hq.cases()
    record = await county.count()
    await one_counts(record, first, second)


@story
async def test_zahra_carries_one_permit_to_two_booths(county: County) -> None:
    """3.  Zahra photographs her permit for booth 2 of Sarbandan.  She tries the picture at booth 1, votes at booth 2,
    then tries the paper at booth 2 again.  Wanted: booth 1 sends her to booth 2; the second try there gives her the
    same receipt again, marked, and no second ballot (C-5)."""
    sarbandan = county["sarbandan"]
    permit = await sarbandan.check_in(ZAHRA)
    assert permit.booth == 2
    assert (await sarbandan.booth(1).press("booth/permit", slip=permit.slip))["code"] == "permit-other-terminal"
    receipt = await sarbandan.booth(2).cast(ZAHRA, permit, "1001")
    again = await sarbandan.booth(2).press("booth/permit", slip=permit.slip)
    assert (again["code"], again["receipt"]) == ("permit-cast", receipt.code)
    assert sarbandan.booth(2).slip("cast")["duplicate"]
    assert (await sarbandan.booth(1).press("booth/permit", slip=permit.slip))["code"] == "permit-other-terminal"
    record = await county.count()
    await counts(record, receipt)


@story
async def test_alis_permit_is_replaced_and_both_are_cast(county: County) -> None:
    """4.  Ali's permit names booth 2 of Jaban, which goes dark before he comes to it.  The desk gives him another and
    he votes at booth 1.  Booth 2 comes back, and somebody who kept the first slip casts there too.  Wanted: no case,
    since it is one chain; the replaced permit's ballot counts, so that a clerk who voids and votes in another's name
    gains nothing (C-7, T-5)."""
    jaban = county["jaban"]
    permit = await jaban.check_in(ALI)
    assert permit.booth == 2
    await jaban.booth(2).end()
    screen = await jaban.desk.must("desk/replace", serial=permit.serial, reason="no power", officers=OFFICERS)
    another = jaban.permit(screen)
    assert another.booth == 1
    replacement = await jaban.booth(1).cast(ALI, another, "1003")
    await jaban.booth(2).begin()
    replaced = await jaban.booth(2).cast(ALI, permit, "1001")
    await county.deliver(jaban)
    assert ALI not in await county.hq.cases()
    record = await county.count()
    await counts(record, replaced)
    await is_duplicate(record, replacement, of=replaced)


@story
async def test_the_stick_from_havir_is_taken_twice(county: County) -> None:
    """5.  Havir has no line all day.  Reza votes, the station closes, and its stick is carried to headquarters; on the
    next day somebody finds the stick on a desk and gives it in again.  Wanted: the second time everything is known,
    nothing is new, and the ballot counts once (S-6)."""
    (havir,) = county.cut_off("havir")
    receipt = await havir.vote(REZA, "1001")
    await havir.close()
    stick = await havir.write_stick(county.folder)
    first = await county.hq.take_stick(stick)
    before = await county.hq.account()
    county.clock.advance(seconds=24 * 3600)
    second = await county.hq.take_stick(stick)
    assert first.stored > 0
    assert (second.stored, second.repeats, second.forks) == (0, first.stored + first.repeats, 0)
    assert await county.hq.account() == before
    record = await county.count()
    await counts(record, receipt)


@story
async def test_moshas_journal_comes_by_line_and_by_stick(county: County) -> None:
    """6.  The line of Mosha is cut after Simin was checked in; she votes, and the chairman sends a stick to be sure.
    The line returns in the evening, and the same journal comes by it too.  Wanted: one ballot held, none twice (S-1,
    S-2)."""
    mosha = county["mosha"]
    permit = await mosha.check_in(SIMIN)
    await county.deliver(mosha)
    county.cut_off("mosha")
    receipt = await mosha.desk.cast(SIMIN, permit, "1001")
    taken = await county.hq.take_stick(await mosha.write_stick(county.folder))
    assert (taken.stored > 0, taken.repeats > 0) == (True, True)
    before = await county.hq.account()
    await county.reconnect(mosha)
    assert await county.hq.account() == before
    record = await county.count()
    await counts(record, receipt)


@story
async def test_kaveh_is_quicker_than_the_news(county: County) -> None:
    """7.  Every line is up.  Kaveh is checked in at Aineh-varzan and his brother, with his other document, at Abali
    before the news of it came there; at Lumun, where it has come, he is refused.  Wanted: both ballots held and a
    case; one counts, the other is its duplicate (S-5)."""
    aineh_varzan, abali, lumun = county["aineh-varzan"], county["abali"], county["lumun"]
    here = await aineh_varzan.check_in(KAVEH)
    there = await abali.check_in(KAVEH)
    await county.deliver(aineh_varzan)
    await county.hears(lumun)
    screen = await lumun.look(KAVEH)
    assert screen["decision"] == "checked-in-already"
    assert screen["reason"] in ("elsewhere:aineh-varzan", "elsewhere:abali")
    first = await aineh_varzan.desk.cast(KAVEH, here, "1001")
    second = await abali.desk.cast(KAVEH, there, "1002")
    await county.deliver(abali)
    assert KAVEH in await county.hq.cases()
    record = await county.count()
    await one_counts(record, first, second)


@story
async def test_gilavands_program_is_killed_at_every_step_of_a_cast(county: County) -> None:
    """8.  Six people vote in Gilavand, and the terminal's program is killed while each of them casts, every time one
    step later, from the first slip to the second.  Each shows the permit again after the restart, and once more after
    that.  Wanted: *not cast, your permit is good* or *in the box, here is your slip*, and it is true; one ballot each
    (B-7, B-8)."""
    desk = county["gilavand"].desk
    receipts, told = [], []
    for person, step in zip(QUEUE, STEPS, strict=True):
        permit = await county["gilavand"].check_in(person)
        await desk.killed_in_a_cast(permit, "1002", step)
        screen = await desk.press("booth/permit", slip=permit.slip)
        told.append(screen.get("told", "not cast"))
        receipts.append(await desk.cast(person, permit, "1002") if screen["ok"] else desk.receipt(person))
        assert (await desk.press("booth/permit", slip=permit.slip))["receipt"] == receipts[-1].code
    assert told == ["not cast", "not cast", "cast", "cast", "cast", "cast"]
    record = await county.count()
    for receipt in receipts:
        await counts(record, receipt)


@story
async def test_an_upload_is_replayed_after_headquarters_was_restored(county: County) -> None:
    """9.  Narges votes in Arjomand and the upload arrives.  Headquarters burns and is restored from the morning's
    backup, with a new epoch; Arjomand fills it again.  Somebody who kept the upload sends it once more.  Wanted: the
    vote is held again without anybody asking, the replay adds nothing, one ballot counts (S-4)."""
    arjomand = county["arjomand"]
    backup = await county.hq.back_up()
    receipt = await arjomand.vote(NARGES, "1001")
    county.hq.uploads.clear()
    await county.deliver(arjomand)
    uploads = list(county.hq.uploads)
    full = await county.hq.account()
    await county.hq.restart_from(backup)
    assert (await county.hq.account())["ballots"] == full["ballots"] - 1
    await county.hears(arjomand)
    await county.deliver(arjomand)
    assert await county.hq.account() == full
    for upload in uploads:
        await county.hq.upload(upload)
    assert await county.hq.account() == full
    record = await county.count()
    await counts(record, receipt)


@story
async def test_the_terminal_of_ahran_is_cloned(county: County) -> None:
    """10.  Before Parvin comes, somebody copies the terminal of Ahran with both media.  Parvin votes at the original,
    and at the copy in the next village; Bahman votes at the copy alone.  The copy's journal comes by stick.  Wanted:
    both branches held, the device set apart and its original stopped; one of Parvin's ballots counts, the other is
    its duplicate, and Bahman, who did nothing wrong, is counted (J-7)."""
    ahran = county["ahran"]
    clone = await county.clone(ahran)
    first = await ahran.vote(PARVIN, "1001")
    await county.deliver(ahran)
    second = await clone.vote(PARVIN, "1002")
    bahmans = await clone.vote(BAHMAN, "1001")
    taken = await county.hq.take_stick(await clone.write_stick(county.folder))
    assert taken.forks > 0
    await county.hears(ahran)
    assert (await ahran.desk.press("status"))["stopped"].startswith("journal-")
    assert (await ahran.desk.press("desk/look", national_id=SHIRIN))["ok"] is False
    record = await county.count()
    await one_counts(record, first, second)
    await counts(record, bahmans)


@story
async def test_the_day_has_one_ballot_for_each_who_voted(county: County) -> None:
    """All ten together.  Wanted: as many ballots counted as people who voted; the second ballots of Maryam, Hossein,
    Ali, Kaveh and Parvin are duplicates, and nothing is set aside for another reason (P-1)."""
    record = await county.count()
    voted = set(PEOPLE) - {SHIRIN}
    assert len(record.received) == len(voted) + 5
    assert sum(record.counted(id_) for id_ in record.received) == len(voted)
    assert [reason for reason, _ in record.set_aside.values()] == [Reason.DUPLICATE] * 5
