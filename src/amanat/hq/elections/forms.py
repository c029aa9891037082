"""Planning an election."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from amanat.hq.elections.models import County, KeyHolder, PlannedContest
from amanat.hq.fields import JalaliDay
from amanat.rules import calendar, rule_set


class PlanForm(forms.Form):
    """The election in a few words."""

    election_id = forms.SlugField(label=_("شناسهٔ انتخابات"), max_length=64)
    title_fa = forms.CharField(label=_("عنوان"), max_length=200)
    title_en = forms.CharField(label=_("عنوان به انگلیسی"), max_length=200)
    province_fa = forms.CharField(label=_("استان"), max_length=100)
    threshold = forms.IntegerField(label=_("چند امین کلید را باز می‌کنند"), min_value=1, max_value=20)
    polling_day = JalaliDay(label=_("روز رأی‌گیری"), help_text=_("مانند ۱۴۰۲/۱۲/۱۱"))
    rule_set = forms.ChoiceField(label=_("مجموعهٔ قواعد"), choices=[(name, name) for name in rule_set.SHIPPED])

    def clean_rule_set(self) -> str:
        """One that says what is needed before the day."""
        name: str = self.cleaned_data["rule_set"]
        try:
            calendar.shipped(name)
        except KeyError as cause:
            raise forms.ValidationError(_("این مجموعه تقویم پیش از روز رأی‌گیری ندارد.")) from cause
        return name


class CountyForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A county."""

    class Meta:
        """Its fields."""

        model = County
        fields = ("id", "name_fa", "name_en")
        labels = {"id": _("شناسه"), "name_fa": _("نام"), "name_en": _("نام به انگلیسی")}  # noqa: RUF012


class ContestForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A contest."""

    class Meta:
        """Its fields."""

        model = PlannedContest
        fields = ("id", "title_fa", "title_en", "seats", "max_choices", "code_digits", "unit_min", "unit_by")
        labels = {  # noqa: RUF012
            "id": _("شناسه"),
            "title_fa": _("عنوان"),
            "title_en": _("عنوان به انگلیسی"),
            "seats": _("کرسی"),
            "max_choices": _("بیشترین انتخاب هر رأی‌دهنده"),
            "code_digits": _("رقم‌های کد نامزد"),
            "unit_min": _("کمترین رأی هر واحد شمارش"),
            "unit_by": _("واحد شمارش"),
        }

    def clean(self) -> dict[str, Any]:
        """What the count can do (M-4)."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("max_choices", 0) > 3 and data.get("unit_by") != "county":
            raise forms.ValidationError(_("بیش از سه انتخاب، شمارش در واحد شهرستان می‌خواهد تا رأی کسی شناخته نشود."))
        return data


class KeyHolderForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Who holds a key."""

    class Meta:
        """Its fields."""

        model = KeyHolder
        fields = ("kind", "name", "power")
        labels = {"kind": _("نقش کلیددار"), "name": _("نام"), "power": _("نهاد")}  # noqa: RUF012
