"""Addresses of the situation room and of what machines ask."""

from django.urls import path

from amanat.hq.day import views

urlpatterns = [
    path("day/", views.day_page),
    path("day/data.json", views.day_data),
    path("healthz", views.healthz),
    path("metrics", views.metrics),
]
