"""Addresses of the bulletin (C2SP tlog-tiles below /bulletin/)."""

from django.urls import path

from amanat.hq.bulletin import views

urlpatterns = [path("bulletin/<path:path>", views.bulletin_file)]
