"""Changes a small record in every small way, once each, and asks the verifier about each (`make mutants-record`).

The record is made here by the real machines of the count; the changes, the sealing and the verdicts are the verifier's
own Python's work (verifier/tests/record_mutants.py), which sees nothing of the programs but the record's folder.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERIFIER = ROOT / ".venv-verifier/bin/python"
SECONDS_MAX = 120  # for making the record


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 if every mutant was refused, or is on the list of accepted ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every mutant (ten minutes), not a seeded tenth")
    parser.add_argument("--seed", type=int, default=1, help="which tenth, and in which order")
    parser.add_argument("--seconds", type=float, default=None, help="stop after so many")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="amanat-record-") as folder:
        make = [sys.executable, "-m", "tests.verifier.small_record", folder]
        made = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        if made.returncode:
            print(made.stdout, made.stderr, sep="\n", file=sys.stderr)
            return 1
        judge = [str(VERIFIER), str(ROOT / "verifier/tests/record_mutants.py"), folder, "--seed", str(args.seed)]
        judge += ["--part", "1" if args.all else "10"]
        judge += [] if args.seconds is None else ["--seconds", str(args.seconds)]
        return subprocess.run(judge, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
