"""Makes the tables of docs/faults.md: `--write`; without it, exit 1 where they are stale or something in them is wrong.

The matrix is `src/amanat/rehearsal/simulation/matrix.toml`, the lessons are `docs/lessons.toml`.  A cell without a
promise or a test, a test that does not exist, a fault of the simulation without a cell: each is a sentence.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/faults.md"
LESSONS = ROOT / "docs/lessons.toml"
MATRIX = ROOT / "src/amanat/rehearsal/simulation/matrix.toml"
SWARM = ROOT / "src/amanat/rehearsal/simulation"
MARKS = ("<!-- matrix -->", "<!-- lessons -->", "<!-- end -->")
NOTED = re.compile(r'which="([a-z-]+)", component="([a-z]+)"')

Table = dict[str, dict[str, dict[str, object]]]


def matrix() -> Table:
    """Component -> fault -> promise, test, perhaps real and beyond."""
    return tomllib.loads(MATRIX.read_text(encoding="utf-8"))


def lessons() -> list[dict[str, str]]:
    """The rows in their order."""
    return list(tomllib.loads(LESSONS.read_text(encoding="utf-8"))["lesson"])


def faults_of_the_matrix(table: Table) -> str:
    """The matrix as Markdown, a component after the other."""
    lines = ["| component | fault | what is promised | shown by | over real processes |", "|---|---|---|---|---|"]
    for component, faults in table.items():
        for fault, words in faults.items():
            name = f"{fault} (beyond)" if words.get("beyond") else fault
            tests = [_named(str(words.get(key, ""))) for key in ("test", "real")]
            lines.append(f"| {component} | {name} | {words.get('promise', '')} | {tests[0]} | {tests[1]} |")
    return "\n".join(lines)


def rows_of_the_lessons(rows: list[dict[str, str]]) -> str:
    """The lessons as Markdown."""
    lines = ["| what failed | the rule here | shown by | not shown |", "|---|---|---|---|"]
    for row in rows:
        cells = (row["failure"], row.get("rule", ""), _named(row.get("test", "")), row.get("gap", ""))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _named(test: str) -> str:
    path, _, name = test.partition("::")
    return f"`{name}` in [{Path(path).name}](../{path})" if test else ""


def page(text: str) -> str:
    """The page with both tables remade."""
    before, _, rest = text.partition(MARKS[0])
    between, _, after = rest.partition(MARKS[1])
    prose = between.partition(MARKS[2])[2]
    end = after.partition(MARKS[2])[2]
    first = f"{MARKS[0]}\n{faults_of_the_matrix(matrix())}\n{MARKS[2]}"
    second = f"{MARKS[1]}\n{rows_of_the_lessons(lessons())}\n{MARKS[2]}"
    return f"{before}{first}{prose}{second}{end}"


def exists(test: str, root: Path = ROOT) -> bool:
    """Whether `PATH::NAME` is a test."""
    path, _, name = test.partition("::")
    file = root / path
    return file.is_file() and re.search(rf"def {re.escape(name)}\(", file.read_text(encoding="utf-8")) is not None


def wrong(table: Table, rows: list[dict[str, str]]) -> Iterator[str]:
    """A sentence for each thing that must not be."""
    for component, faults in table.items():
        for fault, words in faults.items():
            for key in ("promise", "test"):
                if not words.get(key):
                    yield f"{component} × {fault}: no {key}"
            for key in ("test", "real"):
                if words.get(key) and not exists(str(words[key])):
                    yield f"{component} × {fault}: there is no test {words[key]}"
    for row in rows:
        if row.get("test") and not exists(row["test"]):
            yield f"{row['failure']}: there is no test {row['test']}"
        if not row.get("test") and not row.get("gap"):
            yield f"{row['failure']}: neither a test nor a word about the gap"


def without_a_cell(table: Table) -> Iterator[str]:
    """Faults that the simulation's source injects by name and component, and that the matrix does not know."""
    for path in sorted(SWARM.glob("*.py")):
        for fault, component in NOTED.findall(path.read_text(encoding="utf-8")):
            if fault not in table.get(component, {}):
                yield f"{path.name}: {fault} on {component} has no cell"


def main() -> int:
    """0 if the page is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="remake the tables")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    if options.write:
        PAGE.write_text(page(text), encoding="utf-8")
    found = [*wrong(matrix(), lessons()), *without_a_cell(matrix())]
    if not options.write and page(text) != text:
        found.append("docs/faults.md is stale: tools/faults_table.py --write")
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
