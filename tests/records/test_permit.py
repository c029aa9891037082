"""Permits and their slips (C-2, C-3, C-4, C-6, C-8, C-9)."""

from dataclasses import replace

import pytest

import amanat_crypto
from amanat.records import base32, cbor
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_APPROVE, ROLE_BALLOT, ROLE_CHECK_IN, Certificate, certificate_id
from amanat.records.identifiers import is_signed, sign
from amanat.records.permit import (
    Permit,
    PrivatePart,
    credential_point,
    permit_hash,
    read_slip,
    recompute_credential,
    slip,
)

from .small_election import MARYAM, PEYMAN, Terminal, scalar


def test_maryam_is_checked_in(terminal: Terminal) -> None:
    """The permit is signed, names terminal and contests, and says nothing of her; V lets headquarters repeat it."""
    issued = terminal.permit(MARYAM)
    permit = Permit.decode(issued.permit)
    assert permit.encode() == issued.permit
    assert (permit.station, permit.check_in_device, permit.ballot_device, permit.mask) == (0, 0, 0, 3)
    ph = permit_hash(terminal.eh, issued.permit)
    assert is_signed(amanat_crypto.public_key(terminal.seed), "permit", terminal.eh, ph, issued.signature)
    assert MARYAM.encode() not in issued.permit
    private = PrivatePart.decode(issued.private)
    assert private.national_id == MARYAM
    again = recompute_credential(manifest=terminal.manifest, eh=terminal.eh, serial=permit.serial, private=private)
    assert again == permit.credential


def test_the_credential_opens_to_one_tag_a_person(terminal: Terminal) -> None:
    """With z and w known: z·B - w·A = z·X, the same for both of Maryam's permits, another for somebody else."""
    z, w = scalar("Z0"), scalar("W0")

    def tag(credential: bytes) -> bytes:
        a, b = credential[:32], credential[32:]
        z_b = amanat_crypto.point_mul(scalar=z, points=b)
        return amanat_crypto.points_add(z_b, amanat_crypto.points_negate(amanat_crypto.point_mul(scalar=w, points=a)))

    first, second = (Permit.decode(terminal.permit(MARYAM).permit).credential for _ in range(2))
    other = Permit.decode(terminal.permit(PEYMAN).permit).credential
    assert first != second
    assert tag(first) == tag(second) == amanat_crypto.point_mul(scalar=z, points=credential_point(terminal.eh, MARYAM))
    assert tag(other) != tag(first)


def test_a_wrong_private_part_does_not_give_the_credential(terminal: Terminal) -> None:
    """Headquarters sees a terminal that wrote one person into E and another into V (C-6)."""
    issued = terminal.permit(MARYAM)
    permit, private = Permit.decode(issued.permit), PrivatePart.decode(issued.private)
    for wrong in (replace(private, national_id=PEYMAN), replace(private, seed=bytes(32))):
        other = recompute_credential(manifest=terminal.manifest, eh=terminal.eh, serial=permit.serial, private=wrong)
        assert other != permit.credential


@pytest.mark.parametrize("id_", ["76229645", "0076229644", "۰۰۷۶۲۲۹۶۴۵", ""])
def test_one_person_has_one_spelling(terminal: Terminal, id_: str) -> None:
    """V in another spelling of the id is refused: ten ASCII digits, right check digit."""
    fields = cbor.decode(terminal.permit(MARYAM).private)
    assert isinstance(fields, list)
    with pytest.raises(Malformed):
        PrivatePart.decode(cbor.encode([fields[0], id_, *fields[2:]]))


def test_slips_with_and_without_a_second_approval(terminal: Terminal) -> None:
    """What is printed is read back from any keyboard."""
    issued = terminal.permit(MARYAM)
    approval = sign(b"a" * 32, "approve", terminal.eh, permit_hash(terminal.eh, issued.permit))
    assert read_slip(slip(issued)) == (issued.permit, issued.signature, None, None)
    assert read_slip(slip(issued, (7, approval)).lower()) == (issued.permit, issued.signature, 7, approval)
    assert len(slip(issued)) < 300  # a QR code that any scanner reads


def test_half_an_approval_is_none(terminal: Terminal) -> None:
    """A device without signature, or the reverse, is refused; so is another kind of slip."""
    issued = terminal.permit(MARYAM)
    for device, approval in ((1, None), (None, bytes(64))):
        text = "AP1" + base32.encode(cbor.encode([issued.permit, issued.signature, device, approval]))
        with pytest.raises(Malformed):
            read_slip(text)
    with pytest.raises(Malformed):
        read_slip("AS1" + slip(issued)[3:])


def test_a_certificate_says_what_a_device_may_do(terminal: Terminal) -> None:
    """K-8: roles add up; the id is bound to the election."""
    certificate = Certificate.decode(terminal.certificate)
    assert certificate.encode() == terminal.certificate
    assert [certificate.has(role) for role in (ROLE_CHECK_IN, ROLE_BALLOT, ROLE_APPROVE)] == [True, True, False]
    assert certificate_id(terminal.eh, terminal.certificate) != certificate_id(bytes(32), terminal.certificate)
    with pytest.raises(Malformed):
        Certificate.decode(cbor.encode([1, 0, 0, 3, b"short", "seal"]))
