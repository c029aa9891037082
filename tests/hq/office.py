"""Officials for tests of headquarters' pages: each signed in with both factors, in one role."""

from typing import Any

from django.test import Client

from amanat.hq.accounts.roles import Role

WORD = "گذرواژه‌ای بلند برای آزمون"


def official(username: str, name_fa: str, *roles: tuple[Role, str]) -> Any:
    """A person with these roles and scopes, and a second factor."""
    from amanat.hq.accounts import factors
    from amanat.hq.accounts.models import Appointment, Official

    person = Official.objects.create_official(username, name_fa, WORD)
    factors.new_factor(person)
    for role, scope in roles:
        Appointment.objects.create(official=person, role=role.value, scope=scope, at_ms=0)
    return person


def code_of(person: Any, *, drift: int = 0) -> str:
    """What the person's telephone shows."""
    from django_otp.oath import TOTP
    from django_otp.plugins.otp_totp.models import TOTPDevice

    device = TOTPDevice.objects.get(user=person)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, drift)
    import time

    totp.time = time.time()
    return f"{totp.token():06d}"


def at_desk(person: Any) -> Client:
    """A browser in which this person signed in."""
    client = Client()
    asked = {"username": person.username, "password": WORD, "code": code_of(person)}
    answer = client.post("/sign-in/", asked)
    assert answer.status_code == 302, answer.content.decode()
    return client
