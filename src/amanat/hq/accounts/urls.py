"""Addresses of accounts."""

from django.urls import path

from amanat.hq.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("desk/", views.home, name="home"),
    path("proposals/<int:proposal_id>/", views.answer, name="answer"),
    path("officials/", views.officials, name="officials"),
    path("officials/new/", views.new_official, name="new-official"),
    path("officials/<int:official_id>/", views.official, name="official"),
    path("officials/<int:official_id>/factor/", views.new_factor, name="new-factor"),
    path("appointments/<int:appointment_id>/end/", views.end_appointment, name="end-appointment"),
    path("log/", views.log, name="log"),
]
