"""Every list of headquarters: paged, searched in normalised Persian, exported as CSV or Excel.

A list's queries do not grow with its rows: `queryset` joins or prefetches what its columns read.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from openpyxl import Workbook

from amanat.rules import persian

PAGE_ROWS: Final = 50
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run such a cell


@dataclass(frozen=True)
class Column:
    """One column: its key in exports, its title, its value for a row."""

    key: str
    title: str
    value: Callable[[Any], object]
    link: Callable[[Any], str] | None = None
    is_code: bool = False
    is_number: bool = False
    is_moment: bool = False

    def cell(self, row: Any) -> dict[str, object]:
        """What the template shows."""
        value = self.value(row)
        if self.is_moment and isinstance(value, int):
            value = persian.jalali_moment(value)
        return {"value": value, "link": self.link(row) if self.link else "", "column": self}


@dataclass(frozen=True)
class Listing:
    """Rows in order, their columns, and the fields that a search reads.

    `search` names fields of text; those that end in `search_key` hold `persian.search_key` of a name.
    """

    queryset: "QuerySet[Any]"
    columns: Sequence[Column]
    search: Sequence[str]
    name: str
    title: str

    def found(self, text: str) -> "QuerySet[Any]":
        """The rows that hold every word."""
        rows = self.queryset
        for word in persian.fold_digits(persian.normalise(text)).split():
            any_field = Q()
            for field in self.search:
                needle = persian.search_key(word) if field.endswith("search_key") else word
                any_field |= Q(**{f"{field}__icontains": needle})
            rows = rows.filter(any_field)
        return rows


def show(
    request: HttpRequest,
    listing: Listing,
    *,
    template: str = "listing.html",
    add: str = "",
    extra: Mapping[str, object] | None = None,
) -> HttpResponseBase:
    """One page of a list, or all of it with `?as=csv` or `?as=xlsx`."""
    asked = request.GET.get("q", "")
    rows = listing.found(asked)
    match request.GET.get("as"):
        case "csv":
            return _csv(listing, rows)
        case "xlsx":
            return _xlsx(listing, rows)
        case _:
            pass
    page = Paginator(rows, PAGE_ROWS).get_page(persian.fold_digits(request.GET.get("page", "1")))
    cells = [[column.cell(row) for column in listing.columns] for row in page]
    shown = {"listing": listing, "page_of": page, "rows": cells, "asked": asked, "add": add}
    return render(request, template, shown | dict(extra or {}))


def _plain(value: object) -> str | int:
    """A cell for a spreadsheet: no formula, digits as a program reads them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(listing: Listing, rows: "QuerySet[Any]") -> Iterable[list[str | int]]:
    yield [column.title for column in listing.columns]
    for row in rows.iterator(chunk_size=1000):
        yield [_plain(column.cell(row)["value"]) for column in listing.columns]


def _csv(listing: Listing, rows: "QuerySet[Any]") -> StreamingHttpResponse:
    def text() -> Iterable[str]:
        yield "\ufeff"  # spreadsheets read it as UTF-8 then
        for line in _lines(listing, rows):
            out = io.StringIO()
            csv.writer(out).writerow(line)
            yield out.getvalue()

    return StreamingHttpResponse(text(), "text/csv; charset=utf-8", headers=_named(listing, "csv"))


def _xlsx(listing: Listing, rows: "QuerySet[Any]") -> HttpResponse:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(listing.name[:31])
    sheet.sheet_view.rightToLeft = get_language() == "fa"
    for line in _lines(listing, rows):
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return HttpResponse(out.getvalue(), kind, headers=_named(listing, "xlsx"))


def _named(listing: Listing, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{listing.name}.{ending}"'}
