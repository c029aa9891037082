"""My slate and the practice booth as single files: from a disk or any web server, with no network after loading (B-11).

Everything is inside the page: scripts, styles, fonts, pictures and lists.  Its own policy lets it reach nothing.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

from amanat.errors import BadInput
from amanat.rules import persian
from amanat.station.package import Package, read_package
from amanat.station.web.lists import lists_of

_WEB: Final = Path(__file__).parent / "web"
_JS: Final = _WEB / "static/js"
_INSTEAD: Final = {"api.js": "practice-api.js", "private.js": "practice-private.js"}
_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)
_NAMES: Final = re.compile(r"^export (?:async )?(?:function|const|class) ([\w$]+)", re.MULTILINE)
_LIST: Final = re.compile(r"^export \{([^}]*)\};\n?", re.MULTILINE)
_GIVEN: Final = (
    "مریم رضا زهرا علی نرگس حسین سارا امیر لیلا بهرام شیرین کاوه پروین جواد مینا سهراب ناهید فرهاد ژاله مهدی"
)
_FAMILY: Final = (
    "بهاری تابستانی پاییزی زمستانی کوهی دشتی رودی باغبان گلستانی سپیدار صنوبری چناری نسترنی لاله\u200cزاری آبی آسمانی"
)


def write(package: Path, out: Path) -> tuple[Path, Path]:
    """`my-slate/index.html` and `practice/index.html` in ``out``; their paths.

    Raises:
        BadInput, Rejected: the package cannot be read.
    """
    found = read_package(package)
    pages = {
        "my-slate": ("my-slate", "فهرست من", {"lists": lists_of(found), "contests": _contests(found)}),
        "practice": ("ballot", "تمرین رأی دادن", _sample(found)),
    }
    written = []
    for folder, (name, title, data) in pages.items():
        path = out / folder / "index.html"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page(name, title, data, practice=folder == "practice"), encoding="utf-8")
        except OSError as cause:
            raise BadInput("register-not-written", file=str(path), why=cause.strerror or "") from cause
        written.append(path)
    return written[0], written[1]


def _contests(package: Package) -> list[dict[str, Any]]:
    titles = package.titles
    return [
        {"id": c.id, "title_fa": titles.get(c.id, c.id), "seats": c.seats, "max_choices": c.max_choices}
        for c in package.manifest.contests
    ]


def _sample(package: Package) -> dict[str, Any]:
    """An election of invented people, with as many choices in each contest as the real one."""
    names = sorted((f"{first} {last}" for first in _GIVEN.split() for last in _FAMILY.split()), key=persian.sort_key)
    rows = [
        {"code": str(1001 + place), "name": name, "mark": "", "photo": "", "key": persian.search_key(name)}
        | {"number": place}
        for place, name in enumerate(names)
    ]
    contests = [contest | {"title_fa": f"{contest['title_fa']} (تمرین)"} for contest in _contests(package)]
    ids = [contest["id"] for contest in contests]
    lists = {"election": "00" * 8, "places": {id_: place for place, id_ in enumerate(ids)}}
    lists |= {"contests": dict.fromkeys(ids, rows), "gone": {id_: [] for id_ in ids}}
    return {"lists": lists, "contests": contests}


def page(name: str, title: str, data: Mapping[str, Any], *, practice: bool) -> str:
    """The page with all that it needs in it."""
    environment = Environment(loader=FileSystemLoader(_WEB / "templates"), autoescape=True)
    html = environment.get_template(f"{name}.html").render(name=name, title=title, practice=practice)
    html = re.sub(r'^.*(?:<link rel="(?:preload|stylesheet)"|<script ).*\n', "", html, flags=re.MULTILINE)
    html = re.sub(r'(src|href)="/static/([\w-]+\.svg)"', lambda m: f'{m[1]}="{_data(m[2], "image/svg+xml")}"', html)
    style = "".join((_WEB / f"static/css/{sheet}.css").read_text(encoding="utf-8") for sheet in ("base", name))
    style = re.sub(r'url\("/static/([^"]+)"\)', lambda m: f'url("{_data(m[1], "font/woff2")}")', style)
    script = _Bundle(_INSTEAD if practice else {}).of(_JS / f"{name}.js")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; font-src data:; "
        "img-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>\n</head>'
    lists = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    tail = f'<script type="application/json" id="data">{lists}</script>\n<script>{script}</script>\n</body>'
    return html.replace("</head>", head).replace("</body>", tail)


def _data(name: str, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode((_WEB / 'static' / name).read_bytes()).decode('ascii')}"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


class _Bundle:
    """Modules in one classic script, since a page on a disk may load no module: each becomes a function's result."""

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._names: dict[Path, str] = {}
        self._parts: list[str] = []

    def of(self, entry: Path) -> str:
        """The whole script of this module and all that it imports."""
        self._add(entry)
        return "(() => {\n" + "\n".join(self._parts) + "\n})();"

    def _add(self, path: Path) -> str:
        path = path.with_name(self._instead.get(path.name, path.name)).resolve()
        if path in self._names:
            return self._names[path]
        text = path.read_text(encoding="utf-8")

        def imported(match: re.Match[str]) -> str:
            return f"const {{{match[1].replace(' as ', ': ')}}} = {self._add(path.parent / match[2])};\n"

        text = _IMPORT.sub(imported, text)
        names = _NAMES.findall(text) + [name.strip() for one in _LIST.findall(text) for name in one.split(",")]
        if path.suffix == ".mjs":
            names, text = ["qrcode"], re.sub(r"^export default \w+;\n", "", text, flags=re.MULTILINE)
        body = _EXPORT.sub("", _LIST.sub("", text)).replace("</", "<\\/")
        self._names[path] = name = f"$module{len(self._names)}"
        self._parts.append(f"const {name} = (() => {{\n{body}\nreturn {{ {', '.join(dict.fromkeys(names))} }};\n}})();")
        return name
