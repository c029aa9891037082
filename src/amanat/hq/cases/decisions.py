"""Decisions of both boards, before the order to count.  Clauses T-2, T-5.

A draft becomes a decision when both boards' signatures are beside it; only then it stands on the bulletin and in the
record.  What nobody decides goes to the count's own rules.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import amanat_crypto
from amanat.errors import BadInput
from amanat.hq.bulletin import log
from amanat.hq.cases.boards import Boards, require_signed
from amanat.hq.cases.models import Decision as DecisionRow
from amanat.hq.cases.models import Exclusion as ExclusionRow
from amanat.hq.elections.acts import log_action
from amanat.hq.elections.deltas import register_view
from amanat.hq.home import Home
from amanat.hq.writing import rows_of, writing
from amanat.records import cbor
from amanat.records.cbor import as_bytes, as_list
from amanat.records.order import Decision, DecisionKind, Exclusion, Reason, decision_id
from amanat.records.permit import credential_point
from amanat.rules.eligibility import NotEligible, decide
from amanat.rules.national_id import NationalId

NOT_ELIGIBLE_TEXT: Final = "The register's latest version does not let this person vote ({why}); permit {ph}."
FORKED_TEXT: Final = "The journal of device {device} has {branches} branches; its ballots are judged one by one."
HANDED_TEXT: Final = "Another device of its station carries the journal of device {device} on (J-8); its ballots stand."


def draft(here: Home, ruling: Decision, text: str, *, now_ms: int) -> bytes:
    """Adds a draft; returns its ID.  The same ruling again changes nothing.

    Raises:
        BadInput: another ruling on the same thing is there already.
    """
    data = ruling.encode()
    id_ = decision_id(here.eh, data)
    with writing():
        there = DecisionRow.objects.filter(kind=int(ruling.kind), reference=ruling.reference).first()
        if there is not None:
            if bytes(there.id) != id_:
                raise BadInput("hq-decided-already", reference=ruling.reference.hex())
            return id_
        DecisionRow.objects.create(
            id=id_,
            kind=int(ruling.kind),
            reference=ruling.reference,
            reason=int(ruling.reason),
            text=text,
            decision=data,
            at_ms=now_ms,
        )
        log_action("decision-drafted", id_.hex(), at_ms=now_ms)
    return id_


def rule_on(here: Home, kind: DecisionKind, reference: bytes, reason: Reason, text: str, *, now_ms: int) -> bytes:
    """Drafts a ruling on a permit, ballot, device or exclusion, with the text of its minutes."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return draft(here, Decision(kind, reference, reason, digest), text, now_ms=now_ms)


def exclude_not_eligible(here: Home, *, now_ms: int) -> int:
    """Drafts an exclusion and its decision for each person who has a permit and whom the register, with its newest
    delta, does not let vote; returns how many are new.  E is made with fresh r, so that it shows no person."""
    done = set(ExclusionRow.objects.values_list("person", flat=True))
    view = register_view(here)
    rows = rows_of("SELECT person, ph FROM intake_permit WHERE person IS NOT NULL ORDER BY ph")
    new = 0
    with writing():
        for person, ph in rows:
            if person in done:
                continue
            found = view.look(NationalId(person))
            answer = NotEligible("elsewhere") if found is None else decide(found.flags)
            if not isinstance(answer, NotEligible):
                continue
            done.add(person)
            new += 1
            why = "unknown" if found is None else answer.reason
            _exclude(here, person, why, NOT_ELIGIBLE_TEXT.format(why=why, ph=bytes(ph).hex()), now_ms=now_ms)
    return new


def _exclude(here: Home, person: str, why: str, text: str, *, now_ms: int) -> None:
    credential = amanat_crypto.elgamal(
        base=here.manifest.tag_key,
        key=here.manifest.tag_blind_key,
        messages=credential_point(here.eh, NationalId(person)),
        randomness=amanat_crypto.random_scalar(),
    )
    digest = Exclusion(credential, Reason.ANNULLED, None).digest
    ExclusionRow.objects.create(digest=digest, credential=credential, person=person, why=why)
    rule_on(here, DecisionKind.EXCLUSION, digest, Reason.ANNULLED, text, now_ms=now_ms)


def stand_forked(here: Home, forked: Iterable[tuple[int, bytes, int]], *, now_ms: int) -> None:
    """Drafts "stands" for each device apart, (device, ID("device"), branches), that has no ruling yet: the permits,
    not the sequence numbers, bound how many of its ballots can count (J-7)."""
    for device, reference, branches in forked:
        if not DecisionRow.objects.filter(kind=int(DecisionKind.DEVICE), reference=reference).exists():
            text = (FORKED_TEXT if branches > 1 else HANDED_TEXT).format(device=device, branches=branches)
            rule_on(here, DecisionKind.DEVICE, reference, Reason.STANDS, text, now_ms=now_ms)


def unsigned() -> list[bytes]:
    """The IDs of drafts."""
    return [bytes(id_) for id_ in DecisionRow.objects.filter(signatures=None).values_list("id", flat=True)]


def sign_drafts(here: Home, boards: Boards, *, now_ms: int) -> int:
    """Lets both boards sign every draft; returns how many."""
    ids = unsigned()
    for id_, signatures in zip(ids, boards("decision", ids), strict=True):
        attach(here, id_, signatures, now_ms=now_ms)
    return len(ids)


def attach(here: Home, id_: bytes, signatures: Sequence[bytes], *, now_ms: int) -> None:
    """Puts both boards' signatures beside a draft, which becomes a decision and goes to the bulletin.

    Raises:
        BadInput: no such draft, or a signature does not hold.
    """
    require_signed(here, "decision", id_, signatures)
    with writing():
        changed = DecisionRow.objects.filter(id=id_, signatures=None).update(signatures=cbor.encode(list(signatures)))
        if not changed:
            raise BadInput("hq-no-draft", digest=id_.hex())
        log.add([log.DECISION + id_], now_ms=now_ms)
        log_action("decision-signed", id_.hex(), at_ms=now_ms)


def attach_file(here: Home, data: bytes, *, now_ms: int) -> int:
    """Attaches a CBOR sequence of [ID, [signatures]]; returns how many.  Raises BadInput, Malformed."""
    items = cbor.decode_seq(data)
    for item in items:
        id_, signatures = as_list(item, "signatures", size=2)
        signed = [as_bytes(s, "signature", size=64) for s in as_list(signatures, "signatures")]
        attach(here, as_bytes(id_, "decision", size=32), signed, now_ms=now_ms)
    return len(items)
