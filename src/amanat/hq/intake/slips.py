"""A ballot from its voter's two slips: slip 1 has the Core, slip 2 says cast.  Clauses B-6, B-7, P-1.

A signed cast is self-authenticating: where every device of a station is lost, or its journal has a gap, headquarters
takes it from anybody.  The same ballot by its journal, before or after, is the same row; a row with another signature
than the slip's, which holds, gives way to it.
"""

from django.db import connection

import amanat_crypto
from amanat.errors import BadInput
from amanat.hq.bulletin import log
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.elections.acts import log_action
from amanat.hq.home import Home
from amanat.hq.intake.projection import BALLOTS, ballot_row
from amanat.hq.writing import insert, rows_of, writing
from amanat.records.ballot import CastSlip, Core, PreparedSlip, ballot_id, read_slip
from amanat.records.cbor import Malformed
from amanat.records.permit import Permit


def take_slips(here: Home, certificates: Certificates, *, prepared: str, cast: str, now_ms: int) -> tuple[bytes, bool]:
    """Takes a ballot; returns its id and whether it is new here.

    Raises:
        BadInput: not two slips of one ballot, or not signed by the terminal that its permit names; nothing was changed.
    """
    try:
        first, second = read_slip(prepared), read_slip(cast)
        if not isinstance(first, PreparedSlip) or not isinstance(second, CastSlip):
            raise BadInput("hq-slips")
        id_ = ballot_id(here.eh, first.core)
        permit = Permit.decode(Core.decode(first.core).permit)
    except Malformed as cause:
        raise BadInput("hq-slips") from cause
    terminal = certificates(permit.ballot_device)
    if terminal is None:
        raise BadInput("hq-slips")
    for domain, signature in (("prepared", first.signature), ("cast", second.signature)):
        key = terminal.certificate.key
        if amanat_crypto.verify_signatures(domain=domain, eh=here.eh, keys=key, digests=id_, signatures=signature):
            raise BadInput("hq-slips")
    place = permit.ballot_device, terminal.certificate.station
    with writing():
        is_new = not rows_of("SELECT 1 FROM intake_ballot WHERE id = %s", id_)
        with connection.cursor() as cursor:
            sql = "DELETE FROM intake_ballot WHERE id = %s AND (device <> %s OR signature <> %s)"
            cursor.execute(sql, (id_, permit.ballot_device, second.signature))
        insert(*BALLOTS, [ballot_row(here.eh, first.core, second.signature, *place, now_ms)], once=True)
        log.add([log.BALLOT + id_], now_ms=now_ms)
        log_action("slips-taken", id_.hex(), at_ms=now_ms)
    return id_, is_new
