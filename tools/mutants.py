"""Plants each bug of tests/mutants into a copy of the tree and runs the test, or the simulation, that must find it.

A patch opens with a line ``property: …`` (a clause) and one of ``test: PATH::NAME`` (which names that clause) or
``campaign: seeds A..B voters N`` (days of `amanat simulate`); where the Rust core is changed, with ``build: crypto``.
Each test and campaign is first run once on a copy without a bug: one that fails there finds nothing.  Exit 0 only if
every bug is found; ``--check`` only asks whether each patch still applies.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests/mutants"
SECONDS_MAX = 900
CAMPAIGN = re.compile(r"seeds (\d+)\.\.(\d+) voters (\d+)")
FAILED = 1  # pytest's exit code when a test failed; other codes say that it could not run
QUICK_BUILD = {"LTO": "off", "CODEGEN_UNITS": "16", "OPT_LEVEL": "1"}  # built thirty times, run for a second each
PACKAGES = {".venv": "amanat", ".venv-verifier": "amanat_verifier"}


@dataclass(frozen=True)
class Mutant:
    """One planted bug: its patch, the property it breaks, the test that names it or the campaign that runs into it."""

    patch: Path
    property: str
    test: str
    build: str
    campaign: tuple[str, ...] = ()  # first seed, last seed, voters

    @classmethod
    def read(cls, patch: Path) -> "Mutant":
        """The header of a patch file; KeyError where a line is missing."""
        head = dict(line.split(": ", 1) for line in patch.read_text(encoding="utf-8").splitlines()[:6] if ": " in line)
        if "campaign" in head:
            words = CAMPAIGN.fullmatch(head["campaign"])
            if words is None:
                raise KeyError(f"{patch.name}: campaign: seeds A..B voters N")
            return cls(patch, head["property"], "", head.get("build", ""), words.groups())
        return cls(patch, head["property"], head["test"], head.get("build", ""))


def all_mutants(only: Sequence[str] = ()) -> list[Mutant]:
    """Every mutant, or those of these names."""
    return [Mutant.read(path) for path in sorted(PATCHES.glob("*.patch")) if not only or path.stem in only]


def applies(mutant: Mutant, tree: Path = ROOT) -> bool:
    """Whether the patch fits the tree as it is."""
    return _apply(mutant, tree, "--dry-run").returncode == 0


def _apply(mutant: Mutant, tree: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    command = ["patch", "-p1", "--forward", "--batch", *more, "-i", str(mutant.patch)]
    return subprocess.run(command, cwd=tree, capture_output=True, check=False)


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of the files that git tracks or would, and of what set-up left beside them: fonts."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="amanat-mutant-") as folder:
        tree = Path(folder)
        for name in names.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        for fonts in ROOT.glob("src/amanat/*/**/static/fonts"):
            shutil.copytree(fonts, tree / fonts.relative_to(ROOT), dirs_exist_ok=True)
        yield tree


def find(mutant: Mutant) -> tuple[bool, str]:
    """(found, why) in a copy of the tree with the bug in it."""
    with copied_tree() as tree:
        if _apply(mutant, tree).returncode:
            return False, "the patch no longer applies"
        try:
            core = _built_core(tree) if mutant.build == "crypto" else None
        except subprocess.CalledProcessError as fault:
            said = [line for line in fault.stderr.decode("utf-8", "replace").splitlines() if "error" in line.lower()]
            return False, f"the mutated core does not build: {' '.join(said)[:200]}"
        code, tail = hunt(tree, mutant.campaign, core) if mutant.campaign else run(tree, mutant.test, core)
        return code == FAILED, tail


def hunt(tree: Path, campaign: Sequence[str], core: Path | None = None) -> tuple[int, str]:
    """Exit code and last line of a search through these seeds with the packages of `tree`: FAILED if it found."""
    python = str(ROOT / ".venv/bin/python")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(p) for p in (core, tree / "src") if p)}
    _require_own(tree, python, "amanat", environment)
    words = [python, "tools/hunt.py", *campaign]
    try:
        done = subprocess.run(
            words, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no answer in {SECONDS_MAX} s"
    tail = [line for line in done.stdout.splitlines() if line.strip()][-1:]
    return (done.returncode, tail[0]) if tail else (-1, done.stderr.strip()[-200:])


def run(tree: Path, test: str, core: Path | None = None) -> tuple[int, str]:
    """pytest's exit code and last line for one test, with the packages of `tree` and perhaps another core."""
    venv = ".venv-verifier" if test.startswith("verifier/") else ".venv"
    python = str(ROOT / venv / "bin/python")
    search = [str(folder) for folder in (core, tree / "src", tree / "verifier/src") if folder]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), "HYPOTHESIS_MAX_EXAMPLES": "50"}
    _require_own(tree, python, PACKAGES[venv], environment)
    words = [python, "-m", "pytest", "-q", "-x", test, *(["-p", "no:randomly"] if venv == ".venv" else [])]
    try:
        done = subprocess.run(
            words, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no answer in {SECONDS_MAX} s"
    tail = [line for line in done.stdout.splitlines() if line.strip()][-1:] or [done.stderr[-200:]]
    return done.returncode, tail[0]


def _require_own(tree: Path, python: str, package: str, environment: dict[str, str]) -> None:
    """The copy's package is imported, not the installed one (which is this tree's): else no bug would be there."""
    words = [python, "-c", f"import {package}; print({package}.__file__)"]
    found = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, check=True).stdout
    if not Path(found.strip()).is_relative_to(tree):
        raise SystemExit(f"{package} is imported from {found.strip()}, not from {tree}")


def _built_core(tree: Path) -> Path:
    """Builds the mutated core (sharing compiled dependencies) and returns the folder to import it from."""
    out = tree / "core"
    quick = {f"CARGO_PROFILE_RELEASE_{name}": value for name, value in QUICK_BUILD.items()}
    maturin = ROOT / ".venv/bin/maturin"
    subprocess.run(
        [str(maturin) if maturin.exists() else "maturin", "build", "--quiet", "--release",
         "-m", "crypto/bindings/Cargo.toml", "--out", str(out), "--target-dir", str(ROOT / "out/mutants-target")],
        cwd=tree, env={**os.environ, **quick}, check=True, capture_output=True, timeout=SECONDS_MAX,
    )  # fmt: skip
    wheel = next(out.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(out / "unpacked")], check=True)
    return out / "unpacked"


def failing_without_a_bug(mutants: Sequence[Mutant]) -> list[str]:
    """Tests and campaigns of these that fail, or cannot run, on a copy of the tree as it is."""
    tests = sorted({mutant.test for mutant in mutants if mutant.test})
    campaigns = sorted({mutant.campaign for mutant in mutants if mutant.campaign})
    with copied_tree() as tree:
        failing = [test for test in tests if run(tree, test)[0] != 0]
        whole = str(SECONDS_MAX)  # all days of it, not only a minute's
        return failing + [str(campaign) for campaign in campaigns if hunt(tree, (*campaign, whole))[0] != 0]


def main() -> int:
    """Print the table; 0 if every bug was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only whether the patches apply")
    parser.add_argument("only", nargs="*", help="names of patches")
    options = parser.parse_args()
    mutants = all_mutants(options.only)
    useless = [] if options.check else failing_without_a_bug(mutants)
    missed = 0
    for mutant in mutants:
        if mutant.test in useless or str(mutant.campaign) in useless:
            found, why = False, "what must find it fails without a bug too"
        else:
            found, why = (applies(mutant), "applies") if options.check else find(mutant)
        missed += not found
        print(f"{'found ' if found else 'MISSED'}  {mutant.patch.stem:34} {mutant.property} — {why}", flush=True)
    print(f"{len(mutants) - missed} of {len(mutants)} {'apply' if options.check else 'found'}")
    return 1 if missed or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
