"""The election as it is planned: its contests and counties, its calendar, its published versions."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from amanat.errors import AmanatError, Rejected
from amanat.hq import clock
from amanat.hq.accounts import pairs
from amanat.hq.accounts.log import log_action
from amanat.hq.accounts.rights import acting, appointments_of, official_with
from amanat.hq.accounts.roles import TITLES, Role, Scope
from amanat.hq.elections import exporting
from amanat.hq.elections.forms import ContestForm, CountyForm, KeyHolderForm, PlanForm
from amanat.hq.elections.models import County, Done, KeyHolder, Plan, PlannedContest, Version
from amanat.hq.elections.plan import current_plan, preparation
from amanat.hq.writing import writing
from amanat.rules import calendar

KEEPERS = (Role.HEADQUARTERS,)
READERS = tuple(role for role in Role if role is not Role.CANDIDATE)


@official_with(*READERS)
@require_safe
def election(request: HttpRequest) -> HttpResponse:
    """What is planned and what was published."""
    plan = Plan.objects.order_by("id").first()
    shown = {
        "plan": plan,
        "contests": PlannedContest.objects.order_by("id"),
        "counties": County.objects.order_by("name_fa").prefetch_related("parts"),
        "key_holders": KeyHolder.objects.all(),
        "versions": Version.objects.select_related("proposed_by__official", "confirmed_by__official"),
        "keeps": any(one.role in KEEPERS for one in appointments_of(request)),
    }
    return render(request, "elections/election.html", shown)


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new_plan(request: HttpRequest) -> HttpResponse:
    """Plans the election, once."""
    form = PlanForm(request.POST or None)
    if Plan.objects.exists():
        return redirect("elections:election")
    if not form.is_valid():
        return render(request, "elections/form.html", {"form": form}, status=422 if form.is_bound else 200)
    by = acting(request, KEEPERS, Scope())
    with writing():
        plan = Plan.objects.create(made_ms=clock.now_ms(), **form.cleaned_data)
        log_action("election-planned", f"election:{plan.election_id}", plan.title_fa, by=by)
    return redirect("elections:election")


def _add(request: HttpRequest, form: CountyForm | ContestForm | KeyHolderForm, verb: str) -> HttpResponse:
    if not form.is_valid():
        return render(request, "elections/form.html", {"form": form}, status=422 if form.is_bound else 200)
    by = acting(request, KEEPERS, Scope())
    with writing():
        made = form.save()
        log_action(verb, f"{verb.removesuffix('-added')}:{made.pk}", str(made), by=by)
    return redirect("elections:election")


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new_county(request: HttpRequest) -> HttpResponse:
    """Adds a county of the constituency."""
    return _add(request, CountyForm(request.POST or None), "county-added")


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new_contest(request: HttpRequest) -> HttpResponse:
    """Adds a contest of the visit."""
    return _add(request, ContestForm(request.POST or None), "contest-added")


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new_key_holder(request: HttpRequest) -> HttpResponse:
    """Names a trustee, a mixer or an authority."""
    return _add(request, KeyHolderForm(request.POST or None), "key-holder-added")


@official_with(*Role)
@require_safe
def deadlines(request: HttpRequest) -> HttpResponseBase:
    """Every legal deadline: whose, until when, who is late, what that holds up."""
    try:
        plan, asked = current_plan(), preparation()
    except Rejected as fault:
        return render(request, "accounts/refused.html", {"fault": fault}, status=409)
    done = {one.deadline: one for one in Done.objects.select_related("by__official")}
    now = datetime.fromtimestamp(clock.now_ms() / 1000, tz=UTC)
    language = "en" if get_language() == "en" else "fa"
    titles = {one.id: one.title[language] for one in asked.deadlines}
    mine = {one.role for one in appointments_of(request)}
    rows = [
        {
            "standing": row,
            "title": titles[row.deadline.id],
            "source": row.deadline.source[language],
            "ends": row.deadline.ends.date(plan.polling_day).isoformat(),
            "hour": row.deadline.ends.hour,
            "owner": TITLES[Role(row.deadline.owner)],
            "done": done.get(row.deadline.id),
            "holds_up": [titles[id_] for id_ in calendar.held_up_by(asked, row.deadline.id)] if row.late else [],
            "waits_for": [titles[id_] for id_ in row.waits_for],
            "is_mine": row.deadline.owner in mine or Role.HEADQUARTERS in mine,
        }
        for row in calendar.standings(asked, plan.polling_day, now, set(done))
    ]
    return render(request, "elections/deadlines.html", {"rows": rows, "plan": plan})


@official_with(*Role)
@require_POST
def met(request: HttpRequest, deadline: str) -> HttpResponse:
    """Its owner, or headquarters, says that a deadline was met."""
    owner = next((one.owner for one in preparation().deadlines if one.id == deadline), None)
    roles = (Role(owner), Role.HEADQUARTERS) if owner else ()
    by = acting(request, roles, Scope())
    with writing():
        _made, fresh = Done.objects.get_or_create(
            deadline=deadline,
            defaults={"by": by, "at_ms": clock.now_ms(), "note_fa": request.POST.get("note", "").strip()},
        )
        if fresh:
            log_action("deadline-met", f"deadline:{deadline}", request.POST.get("note", "").strip(), by=by)
    return redirect("elections:deadlines")


@official_with(*KEEPERS)
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest) -> HttpResponse:
    """Headquarters proposes a version of the definition; the supervisory board confirms it, and it is frozen."""
    fault: AmanatError | None = None
    if request.method == "POST":
        by = acting(request, KEEPERS, Scope())
        try:
            exporting.propose(request.POST.get("reason", ""), by=by)
            return redirect("elections:election")
        except AmanatError as refused:
            fault = refused
    shown = {"fault": fault, "waiting": pairs.waiting(exporting.PUBLISH.verb), "faults": exporting.faults()}
    return render(request, "elections/publish.html", shown, status=409 if fault else 200)
