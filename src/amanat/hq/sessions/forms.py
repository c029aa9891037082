"""Planning a session."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from amanat.hq.accounts.roles import Scope
from amanat.hq.elections.models import County
from amanat.hq.fields import JalaliMoment


class SessionForm(forms.Form):
    """Title, place, time, boards, county."""

    title_fa = forms.CharField(label=_("موضوع جلسه"), max_length=200)
    place_fa = forms.CharField(label=_("محل"), max_length=200)
    at_ms = JalaliMoment(label=_("زمان"), help_text=_("مانند ۱۴۰۲/۱۰/۰۵ ۰۹:۳۰"))
    boards = forms.MultipleChoiceField(
        label=_("هیأت‌ها"),
        choices=[("executive", _("هیأت اجرایی")), ("supervisory", _("هیأت نظارت"))],
        widget=forms.CheckboxSelectMultiple,
    )
    county = forms.ModelChoiceField(
        label=_("شهرستان"), queryset=County.objects.order_by("name_fa"), required=False, empty_label=_("همهٔ حوزه")
    )

    def scope(self) -> Scope:
        """Where it decides."""
        county = self.cleaned_data["county"]
        return Scope.read(f"county:{county.id}") if county else Scope()

    def fields_of_session(self) -> dict[str, Any]:
        """What a session is made of."""
        data = dict(self.cleaned_data)
        del data["county"]
        return data | {"scope": str(self.scope())}
