"""Every address of headquarters but the stations' own (/sync/, which `server` takes before Django)."""

from django.urls import include, path

urlpatterns = [
    path("", include("amanat.hq.day.urls")),
    path("", include("amanat.hq.results.urls")),
    path("", include("amanat.hq.bulletin.urls")),
]
