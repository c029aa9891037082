"""A few words for writing SVG: every text is escaped, every number is short."""

from html import escape

from markupsafe import Markup

from amanat.rules.persian import number, to_persian_digits

Attribute = str | float | int | None


def element(name: str, *children: str, **attributes: Attribute) -> str:
    """An element; `class_` gives `class`, an underscore a hyphen; None leaves an attribute out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(short(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{''.join(children)}</{name}>" if children else f"<{name}{given}/>"


def short(value: Attribute) -> str:
    """A number with at most two decimals; a text as it is."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, *, class_: str = "", anchor: str = "middle") -> str:
    """A text whose anchor is meant left to right, whatever the words' script."""
    return element("text", escape(words), x=x, y=y, class_=class_ or None, text_anchor=anchor)


def title(words: str) -> str:
    """What a pointer shows."""
    return element("title", escape(words))


def drawing(width: float, height: float, *children: str, label: str) -> Markup:
    """A whole drawing, as wide as its place."""
    return Markup(
        element(
            "svg",
            *children,
            viewBox=f"0 0 {short(width)} {short(height)}",
            role="img",
            aria_label=label,
            direction="ltr",
        )
    )


def fa(value: float | int) -> str:
    """A number for people: whole ones grouped, others with one decimal, in Persian digits."""
    return number(int(value)) if value == int(value) else to_persian_digits(f"{value:.1f}".replace(".", "٫"))


def percent(part: float, whole: float) -> str:
    """A share in Persian, empty where there is no whole."""
    return to_persian_digits(f"{100 * part / whole:.1f}".replace(".", "٫")) + "٪" if whole else ""
