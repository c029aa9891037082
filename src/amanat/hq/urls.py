"""Every address of headquarters but the stations' own (/sync/, which `server` takes before Django)."""

from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language
from django.views.static import serve

from amanat.hq.accounts.rights import public
from amanat.hq.settings import HERE

urlpatterns = [
    path("static/<path:path>", public(serve), {"document_root": HERE / "static"}),
    path("language/", public(require_POST(set_language))),
    path("", include("amanat.hq.accounts.urls")),
    path("", include("amanat.hq.elections.urls")),
    path("", include("amanat.hq.sessions.urls")),
    path("", include("amanat.hq.day.urls")),
    path("", include("amanat.hq.results.urls")),
    path("", include("amanat.hq.bulletin.urls")),
]
