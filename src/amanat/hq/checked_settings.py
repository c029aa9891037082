"""The settings as a module, for tools that ask for one (the type checker's plugin); no program imports it."""

from pathlib import Path

from amanat.hq.settings import settings_for

globals().update(settings_for(Path("home-of-no-election"), ""))
