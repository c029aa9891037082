"""Addresses of sessions."""

from django.urls import path

from amanat.hq.sessions import views

app_name = "sessions"
urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/new/", views.new_session, name="new"),
    path("sessions/<int:session_id>/", views.session, name="session"),
    path("sessions/<int:session_id>/attendance/", views.attendance, name="attendance"),
    path("sessions/<int:session_id>/begin/", views.begin, name="begin"),
    path("sessions/<int:session_id>/end/", views.end, name="end"),
    path("sessions/<int:session_id>/sign/", views.sign, name="sign"),
    path("sessions/<int:session_id>/minutes.pdf", views.minutes_file, name="minutes"),
    path("items/<int:item_id>/recuse/", views.recuse, name="recuse"),
    path("items/<int:item_id>/vote/", views.vote, name="vote"),
]
