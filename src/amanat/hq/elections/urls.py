"""Addresses of the election that is prepared."""

from django.urls import path

from amanat.hq.elections import views

app_name = "elections"
urlpatterns = [
    path("election/", views.election, name="election"),
    path("election/plan/", views.new_plan, name="plan"),
    path("election/counties/new/", views.new_county, name="new-county"),
    path("election/contests/new/", views.new_contest, name="new-contest"),
    path("election/key-holders/new/", views.new_key_holder, name="new-key-holder"),
    path("election/publish/", views.publish, name="publish"),
    path("deadlines/", views.deadlines, name="deadlines"),
    path("deadlines/<slug:deadline>/met/", views.met, name="met"),
]
