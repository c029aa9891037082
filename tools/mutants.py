"""Plants each bug of tests/mutants into a copy of the tree and runs the test that must find it.

A patch opens with lines ``property: …``, ``test: PATH::NAME`` and, where the Rust core is changed, ``build: crypto``.
Exit 0 only if every bug is found; ``--check`` only asks whether each patch still applies.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests/mutants"
SECONDS_MAX = 600


@dataclass(frozen=True)
class Mutant:
    """One planted bug: its patch, the property it breaks, the test that names it."""

    patch: Path
    property: str
    test: str
    build: str

    @classmethod
    def read(cls, patch: Path) -> "Mutant":
        """The header of a patch file; KeyError where a line is missing."""
        head = dict(line.split(": ", 1) for line in patch.read_text(encoding="utf-8").splitlines()[:6] if ": " in line)
        return cls(patch, head["property"], head["test"], head.get("build", ""))


def applies(mutant: Mutant, tree: Path = ROOT) -> bool:
    """Whether the patch fits the tree as it is."""
    return _apply(mutant, tree, "--check").returncode == 0


def _apply(mutant: Mutant, tree: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["patch", "-p1", "--forward", *(["--dry-run"] if more else []), "-i", str(mutant.patch)],
        cwd=tree,
        capture_output=True,
        check=False,
    )


def copy_tree(target: Path) -> None:
    """The files that git tracks, and what set-up left beside them: fonts."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for fonts in ROOT.glob("src/amanat/*/**/static/fonts"):
        shutil.copytree(fonts, target / fonts.relative_to(ROOT), dirs_exist_ok=True)


def find(mutant: Mutant) -> tuple[bool, str]:
    """(found, last line of the test's output) in a copy of the tree with the bug in it."""
    with tempfile.TemporaryDirectory(prefix="amanat-mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        if _apply(mutant, tree).returncode:
            return False, "the patch no longer applies"
        search = [str(tree / "src"), str(tree / "verifier/src")]
        if mutant.build == "crypto":
            search.insert(0, _built_core(tree))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), "HYPOTHESIS_MAX_EXAMPLES": "50"}
        python = ROOT / (".venv-verifier" if mutant.test.startswith("verifier/") else ".venv") / "bin/python"
        command = [str(python), "-m", "pytest", "-q", "-x", "-p", "no:randomly", mutant.test]
        if mutant.test.startswith("verifier/"):
            command = [str(python), "-m", "pytest", "-q", "-x", mutant.test]
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        tail = [line for line in done.stdout.splitlines() if line.strip()][-1:] or [done.stderr[-200:]]
        return done.returncode == 1, tail[0]


def _built_core(tree: Path) -> str:
    """Builds the mutated core (sharing compiled dependencies) and returns the folder to import it from."""
    out = tree / "core"
    subprocess.run(
        ["maturin", "build", "--quiet", "--release", "-m", "crypto/bindings/Cargo.toml", "--out", str(out),
         "--target-dir", str(ROOT / "out/mutants-target")],
        cwd=tree, check=True, capture_output=True, timeout=SECONDS_MAX,
    )  # fmt: skip
    wheel = next(out.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(out / "unpacked")], check=True)
    return str(out / "unpacked")


def main() -> int:
    """Print the table; 0 if every bug was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only whether the patches apply")
    parser.add_argument("only", nargs="*", help="names of patches")
    options = parser.parse_args()
    mutants = [Mutant.read(p) for p in sorted(PATCHES.glob("*.patch")) if not options.only or p.stem in options.only]
    missed = 0
    for mutant in mutants:
        found, why = (applies(mutant), "applies") if options.check else find(mutant)
        missed += not found
        print(f"{'found ' if found else 'MISSED'}  {mutant.patch.stem:34} {mutant.property} — {why}", flush=True)
    print(f"{len(mutants) - missed} of {len(mutants)} {'apply' if options.check else 'found'}")
    return 1 if missed or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
