"""Every address of headquarters but the stations' own (/sync/, which `server` takes before Django)."""

from django.urls import include, path
from django.views.static import serve

from amanat.hq.settings import HERE

urlpatterns = [
    path("static/<path:path>", serve, {"document_root": HERE / "static"}),
    path("", include("amanat.hq.day.urls")),
    path("", include("amanat.hq.results.urls")),
    path("", include("amanat.hq.bulletin.urls")),
]
