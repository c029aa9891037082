"""Headquarters' texts in English: every Persian text of a template or module stands in its noun's catalogue.

`locale/en/LC_MESSAGES/django.po` of each folder is written by people; `--write` adds what is missing, empty, and drops
what nobody says any more.  The catalogues are then compiled for Django (`.mo`, not kept in the repository).  `--check`:
exit code 1 where a text has no English.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import polib

HQ = Path(__file__).resolve().parent.parent / "src/amanat/hq"
TAG = re.compile(r"""\{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
BLOCK = re.compile(r"\{%\s*blocktranslate.*?%\}(.*?)(?:\{%\s*plural.*?)?\{%\s*endblocktranslate\s*%\}", re.DOTALL)
CALL = re.compile(r"""\b(?:_|gettext|gettext_lazy)\(\s*\(?\s*((?:"(?:[^"\\]|\\.)*"\s*)+)""")
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"')


def texts_of(folder: Path, *, deep: bool) -> list[str]:
    """The Persian texts of a folder's modules and templates, in order, each once."""
    found: dict[str, None] = {}
    pattern = "**/*" if deep else "*"
    files = [*folder.glob(f"{pattern}.py"), *(folder / "templates").glob("**/*.html")]
    for path in sorted(files):
        found.update(dict.fromkeys(_texts(path)))
    return list(found)


def _texts(path: Path) -> Iterable[str]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        yield from (first or second for first, second in TAG.findall(source))
        yield from (PLACE.sub(r"%(\1)s", text) for text in BLOCK.findall(source))
    else:
        yield from ("".join(PIECE.findall(pieces)) for pieces in CALL.findall(source))


def catalogues() -> Iterable[tuple[Path, list[str]]]:
    """Each catalogue and the texts that it must hold."""
    yield HQ / "locale", texts_of(HQ, deep=False)
    for folder in sorted(HQ.iterdir()):
        if (folder / "__init__.py").is_file() and (texts := texts_of(folder, deep=True)):
            yield folder / "locale", texts


def main() -> int:
    """Compiles; with --write adds what is missing first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    missing = 0
    for folder, texts in catalogues():
        path = folder / "en/LC_MESSAGES/django.po"
        old = {e.msgid: e.msgstr for e in polib.pofile(str(path))} if path.is_file() else {}
        if arguments.write:
            po = polib.POFile()
            po.metadata = {"Content-Type": "text/plain; charset=utf-8", "Language": "en"}
            po.extend(polib.POEntry(msgid=text, msgstr=old.get(text, "")) for text in texts)
            path.parent.mkdir(parents=True, exist_ok=True)
            po.save(str(path))
        empty = [text for text in texts if not old.get(text)]
        missing += len(empty)
        for text in empty:
            print(f"{path.relative_to(HQ)}: no English for: {text}", file=sys.stderr)
        if path.is_file():
            polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
    return 1 if missing and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
