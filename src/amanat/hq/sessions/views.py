"""Sessions: planned, opened with their quorum, voted, closed with minutes that the members sign."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from amanat.errors import Rejected
from amanat.hq import clock
from amanat.hq.accounts.log import log_action
from amanat.hq.accounts.models import Appointment
from amanat.hq.accounts.rights import acting, appointments_of, official_with
from amanat.hq.accounts.roles import Role
from amanat.hq.elections.plan import preparation
from amanat.hq.listing import Column, Listing, show
from amanat.hq.sessions import api, minutes
from amanat.hq.sessions.forms import SessionForm
from amanat.hq.sessions.models import BOARD_ROLES, Item, Recusal, Seat, Session
from amanat.hq.writing import writing
from amanat.rules.boards import Choice

KEEPERS = (Role.HEADQUARTERS, Role.GOVERNOR)
MEMBERS = (Role.EXECUTIVE_BOARD, Role.SUPERVISORY_BOARD)
READERS = (*KEEPERS, *MEMBERS, Role.INSPECTOR)
STATES = {
    "planned": gettext_lazy("در نوبت"),
    "open": gettext_lazy("در حال برگزاری"),
    "closed": gettext_lazy("پایان‌یافته"),
}


@official_with(*READERS)
@require_safe
def sessions(request: HttpRequest) -> HttpResponseBase:
    """All sessions, the newest first."""
    columns = [
        Column("title", _("جلسه"), lambda one: one.title_fa, link=lambda one: f"/sessions/{one.id}/"),
        Column("at", _("زمان"), lambda one: one.at_ms, is_moment=True),
        Column("place", _("محل"), lambda one: one.place_fa),
        Column("state", _("وضعیت"), lambda one: STATES[one.state]),
    ]
    listing = Listing(Session.objects.order_by("-at_ms"), columns, ("title_fa", "place_fa"), "sessions", _("جلسه‌ها"))
    may_add = any(one.role in KEEPERS for one in appointments_of(request))
    return show(request, listing, add="/sessions/new/" if may_add else "")


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new_session(request: HttpRequest) -> HttpResponse:
    """Plans a session; the members of its boards get their seats, what waits in its scope its agenda."""
    form = SessionForm(request.POST or None)
    if not form.is_valid():
        return render(request, "sessions/new.html", {"form": form}, status=422 if form.is_bound else 200)
    where = form.scope()
    by = acting(request, KEEPERS, where)
    with writing():
        session = Session.objects.create(**form.fields_of_session())
        for board in session.boards:
            held = Appointment.objects.filter(role=BOARD_ROLES[board].value, ended_ms=None).order_by("id")
            people = {one.official_id: one for one in held if one.where().covers(where)}
            Seat.objects.bulk_create(Seat(session=session, official_id=one, board=board) for one in people)
        Item.objects.filter(session=None, scope=session.scope, state=Item.State.WAITING).update(session=session)
        log_action("session-planned", f"session:{session.id}", session.title_fa, by=by)
    return redirect("sessions:session", session.id)


def _session_for(request: HttpRequest, session_id: int, roles: tuple[Role, ...]) -> tuple[Session, Appointment]:
    session = get_object_or_404(Session, id=session_id)
    return session, acting(request, roles, session.where())


@official_with(*READERS)
@require_safe
def session(request: HttpRequest, session_id: int) -> HttpResponse:
    """One session with all that was said in it."""
    found, by = _session_for(request, session_id, READERS)
    return _shown(request, found, by)


def _shown(request: HttpRequest, found: Session, by: Appointment, fault: Rejected | None = None) -> HttpResponse:
    seats = list(found.seats.select_related("official").order_by("board", "id"))
    items = found.items.prefetch_related("recusals__seat__official").order_by("id")
    rows = [{"item": one, "recused": {r.seat_id: r for r in one.recusals.all()}} for one in items]
    mine = [seat for seat in seats if seat.official_id == by.official_id]
    titles = {name: board.title["fa"] for name, board in preparation().boards.items()}
    shown = {"session": found, "seats": seats, "rows": rows, "mine": mine, "titles": titles, "fault": fault}
    shown |= {
        "keeps": by.role in {role.value for role in KEEPERS},
        "choices": list(Choice),
        "state": STATES[found.state],
    }
    return render(request, "sessions/session.html", shown, status=409 if fault else 200)


@official_with(*KEEPERS)
@require_POST
def attendance(request: HttpRequest, session_id: int) -> HttpResponse:
    """Who is present; the secretary may mark late comers while the session is open."""
    found, by = _session_for(request, session_id, KEEPERS)
    here = {int(one) for one in request.POST.getlist("present") if one.isdigit()}
    with writing():
        found.refresh_from_db()  # somebody may have closed it since we looked
        if found.state == Session.State.CLOSED:
            return _shown(request, found, by, Rejected("session-state"))
        for seat in found.seats.all():
            seat.is_present = seat.id in here
            seat.save()
        facts = {"present": sorted(str(one) for one in here)}
        log_action("attendance", f"session:{found.id}", found.title_fa, by=by, facts=facts)
    return redirect("sessions:session", session_id)


@official_with(*KEEPERS)
@require_POST
def begin(request: HttpRequest, session_id: int) -> HttpResponse:
    """Opens it; without a quorum it stays planned."""
    found, by = _session_for(request, session_id, KEEPERS)
    try:
        api.open_session(found, preparation().boards, by=by)
    except Rejected as fault:
        return _shown(request, found, by, fault)
    return redirect("sessions:session", session_id)


@official_with(*MEMBERS)
@require_POST
def recuse(request: HttpRequest, item_id: int) -> HttpResponse:
    """A member declares a conflict of interest, from the own sign-in, before the vote."""
    item = get_object_or_404(Item.objects.select_related("session"), id=item_id)
    if item.session is None:
        raise Http404
    by = acting(request, MEMBERS, item.session.where())
    seat = get_object_or_404(Seat, session=item.session, official_id=by.official_id, board=_board_of(by))
    ground = request.POST.get("ground", "").strip()
    if not ground:
        return _shown(request, item.session, by, Rejected("decision-ground"))
    with writing():
        item.refresh_from_db(fields=["state"])  # a recusal after the vote would say that the vote ignored it
        if item.state != Item.State.WAITING:
            return _shown(request, item.session, by, Rejected("session-state"))
        Recusal.objects.get_or_create(item=item, seat=seat, defaults={"ground_fa": ground})
        log_action("recused", item.subject, item.title_fa, by=by, facts={"item": item.id, "ground": ground})
    return redirect("sessions:session", item.session.id)


def _board_of(by: Appointment) -> str:
    return next(board for board, role in BOARD_ROLES.items() if role.value == by.role)


@official_with(*KEEPERS)
@require_POST
def vote(request: HttpRequest, item_id: int) -> HttpResponse:
    """The secretary enters each member's vote; the outcome is the rule's."""
    item = get_object_or_404(Item.objects.select_related("session"), id=item_id)
    if item.session is None:
        raise Http404
    by = acting(request, KEEPERS, item.session.where())
    known = {choice.value: choice for choice in Choice}
    votes = {
        int(name.removeprefix("seat-")): known[value]
        for name, value in request.POST.items()
        if name.startswith("seat-") and name.removeprefix("seat-").isdigit() and value in known
    }
    try:
        api.decide(item, votes, request.POST.get("ground", ""), preparation().boards, by=by)
    except Rejected as fault:
        return _shown(request, item.session, by, fault)
    return redirect("sessions:session", item.session.id)


@official_with(*KEEPERS)
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Closes it: what was not decided goes back in line, the minutes are typeset and frozen."""
    found, by = _session_for(request, session_id, KEEPERS)
    with writing():
        found.refresh_from_db()  # a second press must not typeset minutes anew that somebody signed
        if found.state != Session.State.OPEN:
            return _shown(request, found, by, Rejected("session-state"))
        Item.objects.filter(session=found, state=Item.State.WAITING).update(session=None)
        found.state, found.closed_ms = Session.State.CLOSED, clock.now_ms()
        found.save()
        found.minutes = minutes.typeset(found, preparation().boards)
        found.minutes_sha256 = hashlib.sha256(found.minutes).hexdigest()
        found.save()
        facts = {"minutes_sha256": found.minutes_sha256}
        log_action("session-closed", f"session:{found.id}", found.title_fa, by=by, facts=facts)
    return redirect("sessions:session", session_id)


@official_with(*MEMBERS)
@require_POST
def sign(request: HttpRequest, session_id: int) -> HttpResponse:
    """A member who was present signs the minutes, by their hash, from the own sign-in."""
    found, by = _session_for(request, session_id, MEMBERS)
    seat = get_object_or_404(Seat, session=found, official_id=by.official_id, board=_board_of(by))
    with writing():
        seat.refresh_from_db()
        if found.state != Session.State.CLOSED or not seat.is_present or seat.signed_ms is not None:
            return _shown(request, found, by, Rejected("session-state"))
        seat.signed_ms, seat.signed_sha256 = clock.now_ms(), found.minutes_sha256
        seat.save()
        facts = {"minutes_sha256": found.minutes_sha256}
        log_action("minutes-signed", f"session:{found.id}", found.title_fa, by=by, facts=facts)
    return redirect("sessions:session", session_id)


@official_with(*READERS)
@require_safe
def minutes_file(request: HttpRequest, session_id: int) -> HttpResponse:
    """The minutes, as they were frozen."""
    found, _by = _session_for(request, session_id, READERS)
    if found.minutes is None:
        raise Http404
    name = f'inline; filename="minutes-{found.id}.pdf"'
    return HttpResponse(bytes(found.minutes), "application/pdf", headers={"Content-Disposition": name})
