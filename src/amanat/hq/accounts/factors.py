"""The second factor: a time-based code (RFC 6238) of a telephone's or a key's application."""

import base64
from io import BytesIO

import segno
from django_otp.plugins.otp_totp.models import TOTPDevice

from amanat.hq.accounts.models import Official


def new_factor(official: Official) -> TOTPDevice:
    """A fresh secret in the place of every earlier one."""
    TOTPDevice.objects.filter(user=official).delete()
    device: TOTPDevice = TOTPDevice.objects.create(user=official, name="totp", confirmed=True)
    return device


def secret_of(device: TOTPDevice) -> str:
    """What a person types into the application where no camera is: base32, in groups of four letters."""
    text = base64.b32encode(device.bin_key).decode("ascii").rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture_of(device: TOTPDevice) -> str:
    """A QR code of it as an SVG, shown once."""
    out = BytesIO()
    segno.make(device.config_url, micro=False).save(out, kind="svg", scale=5, border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode("utf-8")
