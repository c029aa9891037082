"""The situation room's page, its data, and what machines ask: /healthz, /metrics.

Counts of the day are for headquarters, not for the public (only hashes are): these pages answer this machine alone, and
a stranger gets the same 404 as for a page that is not there.  LIMIT: behind a proxy on this machine everybody comes
from here; the proxy must not forward them.  Accounts will replace the rule.
"""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from amanat.hq import api, clock, home
from amanat.hq.accounts.rights import MACHINE, public
from amanat.hq.day import figures
from amanat.hq.intake.meter import METER
from amanat.hq.writing import rows_of

View = Callable[[HttpRequest], HttpResponse]


def at_headquarters(view: View) -> View:
    """Only for requests from this machine; 404 for others."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        address = request.META.get("REMOTE_ADDR", "")
        if not address or not ip_address(address).is_loopback:
            raise Http404
        return view(request)

    guarded.rights = MACHINE  # type: ignore[attr-defined]
    return guarded


@at_headquarters
@require_safe
def day_page(request: HttpRequest) -> HttpResponse:
    """The live page; its module asks for `data.json` again and again."""
    data = figures.day(home.current(), now_ms=clock.now_ms())
    return render(request, "day/day.html", {"data": data, "page": "day"})


@at_headquarters
@require_safe
def day_data(request: HttpRequest) -> HttpResponse:
    """The figures."""
    response = JsonResponse(figures.day(home.current(), now_ms=clock.now_ms()))
    response["Cache-Control"] = "no-store"
    return response


@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the database answers."""
    rows_of("SELECT 1 FROM elections_election")
    return HttpResponse("ok\n", content_type="text/plain")


@at_headquarters
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text."""
    held = api.status_counts()
    lines = [f"amanat_{name} {value}" for name, value in held.items()]
    pushes = METER.totals()
    lines += [f"amanat_pushes_{name}_total {pushes[name]}" for name in ("refused", "declined", "repeated")]
    lines += [f"amanat_pushes_total {pushes['pushes']}"]
    lines += [f"amanat_push_seconds_total {pushes['microseconds'] / 1e6:.6f}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
