"""Signing in and out, who holds which role, the acts that wait for a second person, and the log."""

from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from amanat.errors import Rejected
from amanat.hq import clock
from amanat.hq.accounts import factors, pairs
from amanat.hq.accounts.forms import AppointmentForm, OfficialForm, SignInForm
from amanat.hq.accounts.log import first_broken, log_action
from amanat.hq.accounts.models import Action, Appointment, Official, Proposal
from amanat.hq.accounts.rights import acting, appointments_of, official_with, public, signed_in
from amanat.hq.accounts.roles import TITLES, Role, Scope
from amanat.hq.listing import Column, Listing, show
from amanat.hq.writing import writing

KEEPERS = (Role.HEADQUARTERS,)
READERS = (Role.HEADQUARTERS, Role.INSPECTOR, Role.SUPERVISORY_BOARD)


@public
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Both factors on one page; what is wrong is not told apart."""
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.official is not None:
        login(request, form.official, backend="django.contrib.auth.backends.ModelBackend")
        with writing():
            first = Appointment.objects.filter(official=form.official, ended_ms=None).order_by("id").first()
            log_action("signed-in", f"official:{form.official.username}", _("ورود به سامانه"), by=first)
        return redirect("accounts:home")
    status = 200 if request.method == "GET" else 422
    return render(request, "accounts/sign_in.html", {"form": form}, status=status)


@signed_in
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("accounts:sign-in")


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The desk of an official: roles, what waits for them."""
    mine = appointments_of(request)
    waiting = [one for one in _waiting() if any(_may_answer(one, appointment) for appointment in mine)]
    return render(request, "accounts/home.html", {"appointments": mine, "waiting": waiting, "titles": TITLES})


def _waiting() -> list[Proposal]:
    found = Proposal.objects.filter(state=Proposal.State.WAITING)
    return list(found.select_related("proposed_by__official").order_by("id"))


def _may_answer(proposal: Proposal, appointment: Appointment) -> bool:
    first = proposal.proposed_by
    roles = pairs.ACTS[proposal.verb].roles
    return appointment.role in roles and appointment.role != first.role and appointment.official != first.official


@signed_in
@require_POST
def answer(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The second person confirms or refuses."""
    proposal = get_object_or_404(Proposal, id=proposal_id)
    mine = [one for one in appointments_of(request) if _may_answer(proposal, one)]
    if not mine:
        raise Http404
    try:
        confirmed = request.POST.get("answer") == "confirm"
        pairs.answer(proposal_id, by=mine[0], confirmed=confirmed, ground=request.POST.get("ground", ""))
    except Rejected as fault:
        return render(request, "accounts/refused.html", {"fault": fault}, status=409)
    return redirect("accounts:home")


@official_with(*READERS)
@require_safe
def officials(request: HttpRequest) -> HttpResponseBase:
    """Everybody who works here."""
    everybody = Official.objects.prefetch_related("appointments").order_by("name_fa")
    columns = [
        Column("name_fa", _("نام"), lambda one: one.name_fa, link=lambda one: f"/officials/{one.id}/"),
        Column("username", _("نام کاربری"), lambda one: one.username, is_code=True),
        Column("roles", _("نقش‌ها"), _roles_of),
        Column("active", _("وضعیت"), lambda one: _("فعال") if one.is_active else _("پایان‌یافته")),
    ]
    listing = Listing(everybody, columns, search=("name_fa", "username"), name="officials", title=_("مسئولان"))
    may_add = any(one.role in KEEPERS for one in appointments_of(request))
    return show(request, listing, add="/officials/new/" if may_add else "")


def _roles_of(official: Official) -> str:
    held = [one for one in official.appointments.all() if one.ended_ms is None]
    return "، ".join(f"{TITLES[Role(one.role)]}{f' ({one.scope})' if one.scope else ''}" for one in held)


@official_with(*KEEPERS)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_official(request: HttpRequest) -> HttpResponse:
    """Makes an official and shows the second factor, once."""
    form = OfficialForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/new_official.html", {"form": form}, status=422 if form.is_bound else 200)
    by = acting(request, KEEPERS, Scope())
    with writing():
        official = Official.objects.create_official(**form.cleaned_data)
        device = factors.new_factor(official)
        log_action("official-made", f"official:{official.username}", official.name_fa, by=by)
    shown = {"official": official, "secret": factors.secret_of(device), "picture": factors.picture_of(device)}
    return render(request, "accounts/factor.html", shown)


@official_with(*READERS)
@require_http_methods(["GET", "POST"])
def official(request: HttpRequest, official_id: int) -> HttpResponse:
    """One official: roles that hold and that ended; headquarters appoints here."""
    person = get_object_or_404(Official, id=official_id)
    may_appoint = any(one.role in KEEPERS for one in appointments_of(request))
    form = AppointmentForm(request.POST or None) if may_appoint else None
    if request.method == "POST":
        by = acting(request, KEEPERS, Scope())
        if form is not None and form.is_valid():
            with writing():
                Appointment.objects.create(official=person, by=by.official, at_ms=clock.now_ms(), **form.cleaned_data)
                log_action("appointed", f"official:{person.username}", person.name_fa, by=by, facts=form.cleaned_data)
            return redirect("accounts:official", official_id)
    held = person.appointments.select_related("by").order_by("ended_ms", "id")
    shown = {"person": person, "held": held, "titles": TITLES, "form": form}
    return render(request, "accounts/official.html", shown, status=422 if form is not None and form.errors else 200)


@official_with(*KEEPERS)
@require_POST
def end_appointment(request: HttpRequest, appointment_id: int) -> HttpResponse:
    """Ends a role; it stays to be read."""
    appointment = get_object_or_404(Appointment, id=appointment_id, ended_ms=None)
    by = acting(request, KEEPERS, Scope())
    with writing():
        appointment.ended_ms = clock.now_ms()
        appointment.save()
        facts = {"role": appointment.role, "scope": appointment.scope}
        person = appointment.official
        log_action("appointment-ended", f"official:{person.username}", person.name_fa, by=by, facts=facts)
    return redirect("accounts:official", appointment.official_id)


@official_with(*KEEPERS)
@require_POST
def new_factor(request: HttpRequest, official_id: int) -> HttpResponse:
    """A lost telephone: another second factor, shown once."""
    person = get_object_or_404(Official, id=official_id)
    by = acting(request, KEEPERS, Scope())
    with writing():
        device = factors.new_factor(person)
        log_action("factor-renewed", f"official:{person.username}", person.name_fa, by=by)
    shown = {"official": person, "secret": factors.secret_of(device), "picture": factors.picture_of(device)}
    return render(request, "accounts/factor.html", shown)


@official_with(*READERS)
@require_safe
def log(request: HttpRequest) -> HttpResponseBase:
    """What everybody did, newest first, and whether the chain of lines is whole."""
    lines = Action.objects.select_related("official").order_by("-id")
    columns = [
        Column("at", _("زمان"), lambda one: one.at_ms, is_moment=True),
        Column("who", _("که"), lambda one: one.official.name_fa if one.official else _("برنامه")),
        Column("role", _("در نقش"), lambda one: str(TITLES[Role(one.role)]) if one.role else ""),
        Column("verb", _("کار"), lambda one: one.verb, is_code=True),
        Column("subject", _("دربارهٔ"), lambda one: one.subject, is_code=True),
        Column("summary", _("شرح"), lambda one: one.summary_fa),
    ]
    listing = Listing(lines, columns, search=("summary_fa", "verb", "subject"), name="log", title=_("دفتر کارها"))
    broken = first_broken(Action.objects.order_by("id").iterator())
    return show(request, listing, template="accounts/log.html", extra={"broken": broken})
