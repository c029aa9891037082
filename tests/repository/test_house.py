"""The house keeps its own rules: arrows, budgets, sentences, clauses, and what may not stand in a file."""

import ast
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src/amanat"
BUDGETS = {  # lines of code, see lines_of_code; more needs a decision in docs/adr
    "crypto": (["crypto/proofs/src", "crypto/bindings/src", "crypto/python"], 1_800),
    "rules": (["src/amanat/rules"], 1_200),
    "records": (["src/amanat/records"], 2_900),
    "sync": (["src/amanat/sync"], 800),
    "station": (["src/amanat/station"], 7_200),
    "station/web": (["src/amanat/station/web"], 4_500),
    "hq": (["src/amanat/hq"], 8_000),
    "count": (["src/amanat/count"], 2_300),
    "rehearsal": (["src/amanat/rehearsal"], 8_000),
    "verifier": (["verifier/src"], 2_900),
}
CODE = {".py", ".rs", ".js", ".css", ".html", ".pyi"}


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows."""
    names = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in names.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines_of_code(folder: str, *, without: str | None = None) -> int:
    """Lines that are neither blank, comment nor docstring, of tracked code below a folder."""
    total = 0
    for path in tracked(folder):
        if path.suffix not in CODE or (without and str(path.relative_to(ROOT)).startswith(without)):
            continue
        text = path.read_text(encoding="utf-8")
        rows = (line.strip() for line in text.splitlines())
        total += sum(1 for row in rows if row and not row.startswith(("#", "//", "/*", "*")))
        total -= docstring_lines(text) if path.suffix in {".py", ".pyi"} else 0
    return total


def docstring_lines(text: str) -> int:
    """Lines, blank ones apart, that docstrings take in a Python source."""
    total = 0
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for part in body:
            if (
                isinstance(part, ast.Expr)
                and isinstance(part.value, ast.Constant)
                and isinstance(part.value.value, str)
            ):
                total += sum(1 for row in part.value.value.splitlines() if row.strip())
    return total


@pytest.mark.parametrize("part", BUDGETS)
def test_the_budgets_hold(part: str) -> None:
    """Small parts stay readable; exceeding a budget needs a written decision."""
    folders, most = BUDGETS[part]
    without = "src/amanat/station/web" if part == "station" else None
    assert sum(lines_of_code(folder, without=without) for folder in folders) <= most


def test_no_python_file_is_longer_than_400_lines() -> None:
    """A file is read in one sitting."""
    long = {
        str(p.relative_to(ROOT)): n
        for p in tracked("src/*.py", "verifier/src/*.py")
        if "migrations" not in p.parts and (n := len(p.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_the_arrows_hold() -> None:
    """cli > rehearsal > hq | station | count > sync > records > rules > errors, exhaustively."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def messages() -> dict[str, dict[str, str]]:
    """messages.toml as it is shipped."""
    return tomllib.loads((SRC / "messages.toml").read_text(encoding="utf-8"))


def places(sentence: str) -> set[str]:
    """The names of the places to be filled in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_each_sentence_has_both_languages_and_the_same_places() -> None:
    """A clerk and an engineer are told the same."""
    for code, said in messages().items():
        assert set(said) == {"fa", "en"}, code
        assert places(said["fa"]) == places(said["en"]), code
        assert re.search("[؀-ۿ]", said["fa"]), code


def raised_codes() -> dict[str, set[str]]:
    """Code of each raised error -> facts it is given, read from the sources."""
    raised = re.compile(
        r"\b(?:BadInput|Usage|Rejected|PeerFault|MediumLost|Interrupted)\(\s*\"([a-z0-9-]+)\"([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*)\)",
        re.S,
    )
    found: dict[str, set[str]] = {}
    for path in tracked("src/*.py"):
        for code, rest in raised.findall(path.read_text(encoding="utf-8")):
            if "**" not in rest:
                found.setdefault(code, set()).update(re.findall(r"(\w+)=", rest))
    return found


def test_every_raised_code_has_its_sentence() -> None:
    """No error is left without words."""
    assert sorted(set(raised_codes()) - set(messages())) == []


def test_no_registry_or_machine_is_named() -> None:
    """Files work behind any mirror and on any machine (Cargo.lock's own index line is the one exception)."""
    hosts = re.compile(
        r"pypi\.org|pythonhosted|registry\.npmjs|crates\.io-index|deb\.debian\.org|index-url\s*=|(?<![\w./])/(?:work|root|farm)/"
    )
    bad = []
    for path in tracked():
        if path.name in {"Cargo.lock", Path(__file__).name} or path.suffix in {".png", ".woff2", ".ttf", ".bin"}:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        bad += [f"{path.relative_to(ROOT)}:{n}" for n, row in enumerate(text.splitlines(), 1) if hosts.search(row)]
    assert bad == []


def test_the_tables_of_the_protocol_are_current() -> None:
    """docs/protocol opens each chapter with who keeps and who tests a clause."""
    done = subprocess.run([sys.executable, "tools/clauses.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_clause_is_named_by_code_and_by_a_test() -> None:
    """A clause that nobody keeps, or nobody tests, is a wish."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import clauses
    finally:
        sys.path.pop(0)
    code, tests = clauses.names_in(clauses.CODE), clauses.names_in(clauses.TESTS)
    known = [name for chapter in sorted(clauses.CHAPTERS.glob("[0-9]*.md")) for name, _ in clauses.clauses(chapter)]
    assert len(known) == len(set(known))
    assert {"code": [n for n in known if n not in code], "tests": [n for n in known if n not in tests]} == {
        "code": [],
        "tests": [],
    }


def test_the_architecture_is_named_in_the_readme() -> None:
    """The map of the tree in the README names every folder at the top."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tops = {p.relative_to(ROOT).parts[0] for p in tracked() if len(p.relative_to(ROOT).parts) > 1}
    assert sorted(t for t in tops if not t.startswith(".") and f"{t}/" not in readme) == []
