"""Joins clauses, code and tests: `--write` remakes the table that opens each chapter of docs/protocol.

A clause is a bold name at the start of a paragraph (``**B-7 Cast.**``); whoever keeps it names it by the same string.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "docs/protocol"
CLAUSE = re.compile(r"^\*\*([A-Z]-\d+) (.+?)\*\*", re.M)
NAMED = re.compile(r"\b([BCDEJKLMPRST]-\d+|V\d{1,2})\b")
RANGE = re.compile(r"\b([BCDEJKLMPRST])-(\d+)\s*(?:–|to|\.\.|…)\s*(?:\1-)?(\d+)\b")
CODE = ("src", "crypto/proofs/src", "crypto/bindings/src", "verifier/src")
TESTS = ("tests", "verifier/tests", "crypto/proofs/tests")
MARK = "<!-- clauses -->"


def sources(folders: tuple[str, ...]) -> Iterator[Path]:
    """Every Python, Rust, JavaScript and TOML source below the given folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".rs", ".js", ".toml"} and "node_modules" not in path.parts:
                yield path


def names_in(folders: tuple[str, ...]) -> dict[str, list[str]]:
    """Clause name -> the files that name it, ranges such as ``K-1 to K-6`` spelled out."""
    found: dict[str, list[str]] = {}
    for path in sources(folders):
        text = path.read_text(encoding="utf-8")
        names = set(NAMED.findall(text))
        for letter, first, last in RANGE.findall(text):
            names |= {f"{letter}-{n}" for n in range(int(first), int(last) + 1)}
        for name in names:
            found.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return found


def clauses(chapter: Path) -> list[tuple[str, str]]:
    """(name, title) of each clause of a chapter, in order."""
    return [(name, title.rstrip(".")) for name, title in CLAUSE.findall(chapter.read_text(encoding="utf-8"))]


def table(chapter: Path, code: dict[str, list[str]], tests: dict[str, list[str]]) -> str:
    """The chapter's opening table in Markdown."""
    rows = ["| clause | named by | tested by |", "|---|---|---|"]
    for name, title in clauses(chapter):
        rows.append(f"| {name} {title} | {_cell(code.get(name, []))} | {_cell(tests.get(name, []))} |")
    return "\n".join(rows)


def _cell(paths: list[str], most: int = 3) -> str:
    shown = " ".join(f"`{p}`" for p in paths[:most])
    return shown + (f" +{len(paths) - most}" if len(paths) > most else "")


def remake(chapter: Path, code: dict[str, list[str]], tests: dict[str, list[str]]) -> str:
    """The chapter's text with its table made anew."""
    text = chapter.read_text(encoding="utf-8")
    head, _, rest = text.partition(MARK)
    body = re.sub(r"\A\n(\|.*\n)*\n*", "", rest)
    return f"{head}{MARK}\n{table(chapter, code, tests).rstrip()}\n\n{body}"


def main() -> int:
    """Write the tables, or say which chapters are out of date (exit 1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    code, tests, stale = names_in(CODE), names_in(TESTS), []
    for chapter in sorted(CHAPTERS.glob("[0-9]*.md")):
        if MARK not in chapter.read_text(encoding="utf-8"):
            continue
        new = remake(chapter, code, tests)
        if new != chapter.read_text(encoding="utf-8"):
            stale.append(chapter.name)
            if write:
                chapter.write_text(new, encoding="utf-8")
    if stale and not write:
        print("out of date, run `make docs`:", *stale, file=sys.stderr)
    return 1 if stale and not write else 0


if __name__ == "__main__":
    sys.exit(main())
