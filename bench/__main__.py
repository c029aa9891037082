"""`python -m bench`: a table for docs/benchmarks.md on standard output."""

import argparse
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import amanat_crypto as crypto
from bench.operations import CORES, prices
from bench.stages import Measured, measure

ROOT = Path(__file__).resolve().parent.parent
PIPELINE = {"tags, one trustee": 3, "mix, one mixer": 3, "decrypt, one trustee": 3}
VERIFIED = ("check ballots (§10.1, once)", "verify tags", "verify mixes", "verify decryption")


def slope(rows: list[Measured]) -> float:
    """Microseconds of one core for each further ballot: least squares through the sizes measured."""
    n = len(rows)
    x, y = [r.ballots for r in rows], [r.core_seconds * 1e6 for r in rows]
    mx, my = sum(x) / n, sum(y) / n
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def verifier_row(record: Path) -> str | None:
    """Seconds of the independent verifier over a record that is there; absent where none is."""
    program = ROOT / ".venv-verifier/bin/amanat-verify"
    if not (record / "result.json").is_file() or not program.is_file():
        return None
    begin = time.perf_counter()
    done = subprocess.run([str(program), str(record), "--json"], capture_output=True, text=True, check=False)
    wall, said = time.perf_counter() - begin, json.loads(done.stdout)
    ballots = json.loads((record / "result.json").read_text(encoding="utf-8"))["received"]
    rate = ballots / (wall * CORES)
    return f"libsodium verifier: {ballots} ballots, ok {said['ok']}, {wall:.1f} s, {rate:.0f} ballots/s per core"


def table(by_size: list[list[Measured]], price: dict[str, float]) -> list[str]:
    """The Markdown rows: stage, µs per ballot and core at each size, slope, efficiency at the largest size."""
    sizes = [rows[0].ballots for rows in by_size]
    head = "| stage | " + " | ".join(f"{n:,}" for n in sizes) + " | slope | efficiency |"
    lines = [head, "|---" * (len(sizes) + 3) + "|"]
    for rows in zip(*by_size, strict=True):
        efficiency = rows[-1].efficiency(price)
        shown = "absent" if efficiency is None else f"{efficiency:.2f}"
        cells = " | ".join(f"{r.microseconds:.1f}" for r in rows)
        lines.append(f"| {rows[0].stage} | {cells} | {slope(list(rows)):.1f} | {shown} |")
    return lines


def rates(rows: list[Measured]) -> list[str]:
    """Ballots a second and core through the whole count, and through its verification in process."""
    each = {r.stage: r.microseconds for r in rows}
    pipeline = sum(each[stage] * times for stage, times in PIPELINE.items())
    verified = sum(us for stage, us in each.items() if stage.startswith(VERIFIED))
    return [
        f"tags, 3 mixes and decryption with proofs: {1e6 / pipeline:,.0f} ballots/s per core",
        f"everything verified in process: {1e6 / verified:,.0f} ballots/s per core",
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 10_000, 50_000])
    parser.add_argument("--record", type=Path, default=ROOT / "out/demo/record")
    options = parser.parse_args()
    print(
        f"{time.strftime('%Y-%m-%d')}, {CORES} cores, {platform.machine()}, {crypto.backend()}; µs per ballot and core"
    )
    price = prices()
    print("one operation, µs of one core: " + ", ".join(f"{kind} {s * 1e6:.2f}" for kind, s in price.items()))
    by_size = []
    for size in options.sizes:
        print(f"… {size:,} ballots", file=sys.stderr, flush=True)
        by_size.append(measure(size))
    print("\n".join(table(by_size, price) + rates(by_size[-1])))
    row = verifier_row(options.record)
    print(row or "libsodium verifier: absent, no record (run `make demo` first)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
