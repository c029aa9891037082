"""What a request to a terminal must look like: fields of the right type, or a sentence that names the field."""

from collections.abc import Mapping
from typing import Any, TypeVar

from amanat.station.refusal import Refused

Body = Mapping[str, Any]
Kind = TypeVar("Kind")


def field(body: Body, name: str, kind: type[Kind], default: Kind | None = None) -> Kind:
    """A field of the request; Refused where it is missing or of another type."""
    value = body.get(name, default)
    if type(value) is not kind:
        raise Refused("request-field", field=name)
    return value


def texts(body: Body, name: str, default: list[str] | None = None) -> list[str]:
    """A list of texts."""
    values = field(body, name, list, default)
    if not all(isinstance(value, str) for value in values):
        raise Refused("request-field", field=name)
    return values
