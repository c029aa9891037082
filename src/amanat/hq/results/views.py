"""Public pages: results, receipts."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.static import serve

from amanat.hq import home
from amanat.hq.accounts.rights import public
from amanat.hq.devices.endings import endings
from amanat.hq.results import published, receipts
from amanat.hq.writing import rows_of
from amanat.records.cbor import Malformed
from amanat.records.order import DeviceStatus


@public
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The address without a path."""
    return redirect("/results/")


@public
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """The published result; before it, what is still missing, and no count."""
    here = home.current()
    record = published.latest(here)
    names = here.texts["stations"]
    if record is None:
        waiting = _open_stations()
        context = {
            "page": "results",
            "missing": [names[station] for station in waiting],
            "stations": len(_all_stations()),
        }
        return render(request, "results/waiting.html", context)
    stations = [
        {"id": station.id, "name": name, "county": station.county, "ballots": record.stations.get(index)}
        for index, (station, name) in enumerate(zip(here.manifest.stations, names, strict=True))
    ]
    context = {
        "page": "results",
        "record": record,
        "result": record.result,
        "contests": published.contests(here, record.result),
        "stations": stations,
        "missing": [names[station] for station in record.missing],
    }
    return render(request, "results/results.html", context)


@public
@require_safe
def record_file(request: HttpRequest, path: str) -> FileResponse | HttpResponse:
    """A file of the record published last, as it is; nothing of its folder that the record does not name."""
    record = published.latest(home.current())
    if record is None or not published.names(record, path):
        raise Http404
    return serve(request, path, document_root=str(record.folder))


def _all_stations() -> set[int]:
    return {station for (station,) in rows_of("SELECT station FROM devices_device")}


def _open_stations() -> list[int]:
    """Stations with a device whose journal has no complete closing here."""
    places = dict(rows_of("SELECT device, station FROM devices_device"))
    done = {ending.device for ending in endings() if ending.status is DeviceStatus.CLOSED}
    return sorted({station for device, station in places.items() if device not in done})


@public
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """What became of the ballot with a code; the form without one."""
    code = request.GET.get("code", "").strip()
    context: dict[str, object] = {"page": "receipt", "code": code, "asked": bool(code)}
    if code:
        try:
            context["receipts"] = receipts.look(home.current(), code)
        except Malformed:
            context["wrong"] = True
    return render(request, "results/receipt.html", context, status=400 if context.get("wrong") else 200)
