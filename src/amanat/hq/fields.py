"""Form fields that people of Iran expect: Jalali moments, Persian digits, national ids."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from amanat.rules import persian
from amanat.rules.calendar import IRAN

MOMENT = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:\s+(\d{1,2}):(\d{2}))?")


class JalaliMoment(forms.CharField):
    """A Jalali day, and a time of day in Iran unless it is midnight, as milliseconds since the Unix epoch."""

    def clean(self, value: Any) -> int | None:
        """Raises ValidationError where it is no moment."""
        text = persian.fold_digits(super().clean(value)).strip()
        if not text and not self.required:
            return None
        match = MOMENT.fullmatch(text)
        try:
            if match is None:
                raise ValueError(text)
            year, month, day, hour, minute = (int(part or 0) for part in match.groups())
            date = persian.gregorian(year, month, day)
            moment = (
                datetime(date.year, date.month, date.day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute) - IRAN
            )
            if hour > 24 or minute > 59:
                raise ValueError(text)
        except ValueError as cause:
            raise forms.ValidationError(_("تاریخ را مانند ۱۴۰۲/۱۰/۰۵ ۰۹:۳۰ بنویسید.")) from cause
        return int(moment.timestamp()) * 1000


class JalaliDay(forms.CharField):
    """A Jalali day."""

    def clean(self, value: Any) -> Any:
        """A date; raises ValidationError."""
        text = persian.fold_digits(super().clean(value)).strip().replace("/", "-")
        if not text and not self.required:
            return None
        try:
            return persian.parse_jalali(text)
        except ValueError as cause:
            raise forms.ValidationError(_("تاریخ را مانند ۱۴۰۲/۱۲/۱۱ بنویسید.")) from cause
