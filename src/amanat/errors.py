"""Errors of every program, split by whose fault it is; lowest layer, importable by all.

A refused *person* (already checked in) is a returned value; failing *evidence* or *input* is raised from here.  Each
code has one Persian and one English sentence in ``messages.toml``: what is wrong, where, what to do.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import ClassVar, Final, Literal

Language = Literal["fa", "en"]
_PERSIAN: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@cache
def sentences() -> Mapping[str, Mapping[Language, str]]:
    """The sentences by code and language, as they stand in ``messages.toml``."""
    text = resources.files("amanat").joinpath("messages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class AmanatError(Exception):
    """Never raised itself.  ``code`` is the name that people, logs and tests share."""

    exit_code: ClassVar[int] = 2

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def say(self, language: Language) -> str:
        """The sentence of this error in one language, its places filled in; numbers have that language's digits."""
        digits = _PERSIAN if language == "fa" else {}
        facts = {name: str(v).translate(digits) if isinstance(v, int) else v for name, v in self.facts.items()}
        return sentences()[self.code][language].format(**facts)

    def both(self) -> str:
        """The Persian sentence, then the English one, a line each."""
        return f"{self.say('fa')}\n{self.say('en')}"

    def __str__(self) -> str:
        return self.say("en")


class BadInput(AmanatError):
    """A person's file or argument cannot be used; facts name file, line and field where there are such."""


class Usage(AmanatError):
    """A command was called in a way that cannot work."""


class PeerFault(AmanatError):
    """Another program sent what the protocol does not allow; asking again is safe, nothing was changed."""


class MediumLost(AmanatError):
    """A storage medium failed; what it was told to keep is *unknown*, never *undone*."""


class Rejected(AmanatError):
    """Evidence does not hold: a signature, a proof, a record."""

    exit_code = 1


class Interrupted(AmanatError):
    """Stopped before the end; the same command goes on from here."""

    exit_code = 3
