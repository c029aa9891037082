"""Signing in, and making officials."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _
from django_otp import match_token

from amanat.hq.accounts.models import Official
from amanat.hq.accounts.roles import TITLES, Role, Scope
from amanat.rules import persian

WRONG = _("نام، گذرواژه یا رمز یک‌بارمصرف درست نیست؛ پس از پنج بار، یک ربع صبر لازم است.")


class SignInForm(forms.Form):
    """Name, password and the code of the second factor; one sentence for whatever is wrong."""

    username = forms.CharField(label=_("نام کاربری"), max_length=64)
    password = forms.CharField(label=_("گذرواژه"), widget=forms.PasswordInput)
    code = forms.CharField(label=_("رمز یک‌بارمصرف"), max_length=8, widget=forms.TextInput({"inputmode": "numeric"}))

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self.official: Official | None = None

    def clean(self) -> dict[str, Any]:
        """Finds the official, with the device that matched."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            user = authenticate(self._request, username=data["username"], password=data["password"])
            device = match_token(user, persian.fold_digits(data["code"])) if user else None
            if user is None or device is None:
                raise forms.ValidationError(WRONG)
            assert isinstance(user, Official)
            vars(user)["otp_device"] = device  # what `login` of the second factor reads
            self.official = user
        return data


class OfficialForm(forms.Form):
    """A new official: name, user name, first password."""

    name_fa = forms.CharField(label=_("نام و نام خانوادگی"), max_length=200)
    username = forms.SlugField(label=_("نام کاربری"), max_length=64)
    password = forms.CharField(label=_("گذرواژهٔ نخست"), widget=forms.PasswordInput)

    def clean_username(self) -> str:
        """Not taken."""
        name: str = self.cleaned_data["username"]
        if Official.objects.filter(username=name).exists():
            raise forms.ValidationError(_("این نام کاربری گرفته شده است؛ نام دیگری بنویسید."))
        return name

    def clean_password(self) -> str:
        """Long and not common."""
        word: str = self.cleaned_data["password"]
        validate_password(word)
        return word


class AppointmentForm(forms.Form):
    """A role somewhere."""

    role = forms.ChoiceField(label=_("نقش"), choices=[(role.value, TITLES[role]) for role in Role])
    scope = forms.CharField(label=_("محدوده"), max_length=128, required=False, help_text=_("تهی: همهٔ انتخابات"))

    def clean_scope(self) -> str:
        """A scope that exists in form."""
        text: str = self.cleaned_data["scope"].strip()
        try:
            return str(Scope.read(text))
        except ValueError as cause:
            raise forms.ValidationError(
                _("محدوده را به صورت county:damavand بنویسید؛ نوع آن province، county، contest یا station است.")
            ) from cause
