"""Addresses of the public pages."""

from django.urls import path

from amanat.hq.results import views

urlpatterns = [
    path("", views.front),
    path("results/", views.results),
    path("receipt/", views.receipt),
    path("record/<path:path>", views.record_file),
]
