"""Single questions to a record: what became of one ballot, and whether a photographed sheet agrees (E-8, L-5, J-6).

The answers rest on the record as it is; whether it holds is for the checks to say.
"""

from dataclasses import dataclass

from amanat_verifier.ballots import ANNULLED, DUPLICATE, LATE, PAPER, Aside, Ballot, ballots, set_aside, tested
from amanat_verifier.codes import BadText, ballot_code, fold, read_ballot_code, unbase32
from amanat_verifier.devices import devices
from amanat_verifier.hashes import has_signed
from amanat_verifier.manifest import manifest
from amanat_verifier.orders import decisions
from amanat_verifier.record import Record
from amanat_verifier.sealed import failing
from amanat_verifier.shapes import Fault, blob, parse, raw, row
from amanat_verifier.sheets import CLOSING, COUNTED, HOURLY, Sheet, read_sheet, sheets, statuses
from amanat_verifier.units import units


@dataclass(frozen=True)
class Answer:
    """In Persian and in English; `yes` is whether the ballot is there, or the sheet agrees."""

    yes: bool
    fa: str
    en: str


def _wanted(typed: str) -> tuple[int, int]:
    """The leading bits asked for, and how many: of a code, or of an id in hex."""
    stripped = typed.strip().lower()
    if len(stripped) == 64 and not set(stripped) - set("0123456789abcdef"):
        return int(stripped, 16), 256
    return read_ballot_code(typed), 100


def explain(record: Record, typed: str) -> Answer:
    """What became of a ballot; `typed` is its code or its id in hex.  Raises BadText or Fault."""
    bits, size = _wanted(typed)
    ballot = next((b for b in ballots(record) if int.from_bytes(b.id, "big") >> 256 - size == bits), None)
    if ballot is not None:
        return _fate(record, ballot)
    for one, device, _ in tested(record):
        if int.from_bytes(one, "big") >> 256 - size == bits:
            return Answer(
                True,
                f"این برگه روی دستگاه {device} آزموده شد، پس باطل است و شمرده نشد.",
                f"This ballot was tested on device {device}: it is void and was not counted.",
            )
    return Answer(
        False,
        "این برگه در سند نیست. اگر رسید امضاشده دارید، همان مدرک است: آن را به هیئت نظارت بدهید.",
        "This ballot is not in the record. A signed receipt of it is evidence: take it to the supervisory board.",
    )


def _fate(record: Record, ballot: Ballot) -> Answer:
    code = ballot_code(ballot.id)
    aside = next((a for a in set_aside(record)[ballot.session] if a.id == ballot.id), None)
    if aside is None:
        names = ", ".join(unit.folder for unit in units(record) if any(b.id == ballot.id for b in unit.ballots))
        return Answer(True, f"برگهٔ {code} شمرده شد، در واحد {names}.", f"Ballot {code} was counted, in unit {names}.")
    fa, en = _reason(record, ballot, aside)
    return Answer(True, f"برگهٔ {code} کنار گذاشته شد: {fa}", f"Ballot {code} was set aside: {en}")


def _reason(record: Record, ballot: Ballot, aside: Aside) -> tuple[str, str]:
    decided = {d.id for rows in decisions(record).values() for d in rows}
    if aside.reference in decided:
        number = aside.reference.hex() if aside.reference else ""
        return f"به تصمیم هیئت‌ها ({number}).", f"by decision {number} of the boards."
    if aside.reason == DUPLICATE and aside.reference:
        kept = ballot_code(aside.reference)
        return (
            f"همین شخص برگهٔ دیگری دارد که شمرده شد: {kept}.",
            f"duplicate: the same person's ballot {kept} was kept.",
        )
    if aside.reason == PAPER:
        return "این شخص در شعبهٔ کاغذی رأی داده است.", "paper: the same person voted at a paper station."
    if aside.reason == LATE:
        return (
            "دیر رسید و واحدی به اندازهٔ کافی بزرگ نداشت.",
            "late: it came after the count and its unit would be too small to keep it secret.",
        )
    if aside.reason == ANNULLED and aside.reference:
        return "هیئت‌ها این شخص را واجد شرایط ندانستند.", "annulled: the boards found the person not eligible."
    why = failing(record).get(ballot.id, "its permit is not on its issuer's closing sheet, or bears a bad credential")
    return f"باطل است ({why}).", f"annulled: {why}."


def read_sheet_text(eh: bytes, typed: str) -> Sheet:
    """The sheet in the text of its QR; raises BadText."""
    folded = fold("".join(typed.split()))
    if not folded.startswith("AH1"):
        raise BadText("it does not begin with AH1")
    try:
        body, signature = parse(unbase32(folded[3:]), row(blob, raw(64)), "sheet")
        return read_sheet(eh, body, signature, "sheet")
    except Fault as cause:
        raise BadText(cause.where) from cause


def compare_sheet(record: Record, typed: str) -> Answer:
    """Whether a photographed sheet agrees with the record (J-6): a closing sheet is the very one of the record; an
    earlier one is signed and counts no more than the closing one does."""
    found = manifest(record)
    sheet = read_sheet_text(found.eh, typed)
    device = devices(record).get(sheet.device)
    if device is None or not has_signed(device.key, found.eh, "sheet", sheet.id, sheet.signature):
        return Answer(
            False,
            "امضای این برگه از دستگاهی از این انتخابات نیست.",
            "This sheet is not signed by a device of this election.",
        )
    closing = [own for own in sheets(record) if own.device == sheet.device and own.kind == CLOSING]
    if not closing:
        status = statuses(record).get(sheet.device, (None, None))[0]
        return Answer(
            False,
            f"سند برگهٔ پایانی دستگاه {sheet.device} را ندارد (وضعیت {status}).",
            f"The record has no closing sheet of device {sheet.device} (status {status}): nothing to compare.",
        )
    differences = _differences(sheet, closing)
    if differences:
        return Answer(
            False,
            f"برگهٔ دستگاه {sheet.device} با سند سازگار نیست: {differences}. عکس را به هیئت نظارت بدهید.",
            f"The sheet of device {sheet.device} contradicts the record: {differences}. Keep it: it is evidence.",
        )
    return Answer(
        True,
        f"برگهٔ دستگاه {sheet.device} با سند سازگار است.",
        f"The sheet of device {sheet.device} agrees with the record.",
    )


def _differences(sheet: Sheet, closing: list[Sheet]) -> str:
    """What contradicts, in the protocol's own words; an empty text if nothing does."""
    if sheet.kind == CLOSING:
        return "" if any(own.id == sheet.id for own in closing) else "another closing sheet"
    last = max(closing, key=lambda own: own.cast).counts if sheet.kind == HOURLY else (0,) * len(COUNTED)
    triples = zip(COUNTED, sheet.counts, last, strict=True)
    return ", ".join(f"{name} {says} > {most}" for name, says, most in triples if says > most)


__all__ = ["Answer", "BadText", "Fault", "compare_sheet", "explain"]
