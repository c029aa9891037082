"""Numbers and moments as people read them; Django's own Persian locale writes ASCII digits."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from django import template
from django.utils.translation import get_language

from amanat.errors import AmanatError
from amanat.rules import persian

register = template.Library()
IRAN = timezone(timedelta(hours=3, minutes=30))


@register.filter
def fa(value: object) -> str:
    """A whole number grouped, or any text, in Persian digits (not on an English page); what is missing is a dash."""
    if value is None:
        return "—"
    if get_language() == "en":
        return f"{value:,}" if isinstance(value, int) else str(value)
    return persian.number(value) if isinstance(value, int) else persian.to_persian_digits(str(value))


@register.filter
def sentence(fault: AmanatError) -> str:
    """What went wrong, in the page's language."""
    return fault.say("en" if get_language() == "en" else "fa")


@register.filter
def of(mapping: Mapping[str, object], key: str) -> object:
    """A value of a mapping by a key that the template holds."""
    return mapping.get(key, "")


@register.filter
def moment(ms: int) -> str:
    """Milliseconds since the Unix epoch as day and time in Iran."""
    if get_language() == "en":
        return f"{datetime.fromtimestamp(ms / 1000, tz=IRAN):%-d %B %Y, %H:%M}"
    return persian.jalali_moment(ms)


@register.filter
def jalali(day: str) -> str:
    """A Gregorian ISO day as a Jalali one; on an English page both ways."""
    found = date.fromisoformat(day)
    if get_language() == "en":
        return f"{found.day} {found:%B %Y} ({persian.fold_digits(persian.jalali_digits(found))})"
    return persian.jalali(found)
