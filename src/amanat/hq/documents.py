"""Papers of headquarters: an HTML template becomes a PDF, in Persian, with the project's own font.

The text of such a PDF, extracted, loses the half-spaces (U+200C): what must be searched is kept beside it as data.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.template.loader import render_to_string
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from amanat.hq.settings import HERE

STATIC: Final = f"{(HERE / 'static').as_uri()}/"


class OwnFiles(URLFetcher):  # type: ignore[misc]  # the library has no types
    """Files of `static/` only: a paper asks nobody for anything, and one that lacks a font is not made."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        """Raises FatalURLFetchingError for every other address."""
        file = url.replace("http://paper/static/", STATIC, 1)
        if not file.startswith(STATIC) or ".." in file:
            raise FatalURLFetchingError(f"a paper may not load {url}")
        return super().fetch(file, headers)


def pdf(template: str, shown: Mapping[str, object]) -> bytes:
    """The template filled and typeset; the same input gives the same bytes within one version of the library."""
    page = render_to_string(template, dict(shown))
    fetcher = OwnFiles(allowed_protocols=["file"])
    document: bytes = HTML(string=page, base_url="http://paper/", url_fetcher=fetcher).write_pdf()
    return document
