"""Django's own sessions have the label already."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """The noun, under a label of its own."""

    name = "amanat.hq.sessions"
    label = "meetings"
