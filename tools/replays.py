"""Replays two counties of 1388 and compares every figure with the published ones (examples/two-counties-1388).

One plan is replayed whole, the others at a twentieth; the inputs vanish once the polls are closed; plans of one scale
must give the same tally.json to the byte; and one vote changed in ballots.csv must change exactly two totals by one.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from amanat.rehearsal.two_counties import CODES, Expected, make

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "examples/two-counties-1388/figures.csv"
PLANS = ("online", "offline", "flaky", "usb")
CONTEST = "president"
SECONDS_MAX = 3_000


def replay(inputs: Path, out: Path, plan: str) -> dict[str, object]:
    """Runs one replay, moves its inputs away at `polls closed`, and returns its summary."""
    command = [sys.executable, "-m", "amanat.cli.main", "replay", "--election", str(inputs / "election")]
    command += ["--ballots", str(inputs / "ballots.csv"), "--out", str(out), "--network", plan, "--json"]
    begin = time.monotonic()
    gone = inputs.with_name(inputs.name + ".gone")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        if process.stderr is None or process.stdout is None:
            raise RuntimeError("no pipes")
        last = ""
        for line in process.stderr:
            last = line.strip() or last
            if line.strip() == "polls closed" and inputs.exists():
                inputs.rename(gone)
            if time.monotonic() - begin > SECONDS_MAX:
                process.kill()
        said = process.stdout.read()
    if gone.exists():
        shutil.rmtree(gone)
    if process.returncode:
        raise SystemExit(f"{plan}: exit {process.returncode}: {last}")
    print(f"{plan}: {time.monotonic() - begin:.0f} s", flush=True)
    return dict(json.loads(said))


def differences(got: Mapping[str, object], verified: Mapping[str, object], want: Expected) -> list[str]:
    """What does not agree between a summary, the verifier's own words and the published figures."""
    faults: list[str] = []

    def same(what: str, found: object, wanted: object) -> None:
        if found != wanted:
            faults.append(f"{what}: {found!r}, published {wanted!r}")

    by_summary = got["contests"][CONTEST]  # type: ignore[index]
    by_verifier = verified["result"]["contests"][CONTEST]  # type: ignore[index]
    for who, contest in (("summary", by_summary), ("verifier", by_verifier)):
        same(f"{who}: votes", dict(contest["votes"]), want.votes)
        same(f"{who}: blank", contest["blank"], want.blank)
        same(f"{who}: counted", contest["counted"], want.counted)
    same("lost", got["lost"], 0)
    same("counted twice", got["counted_twice"], 0)
    same("verified", (got["verified"], verified["ok"]), (True, True))
    stations = {s: v[CONTEST]["cast"] for s, v in got["by_station"].items() if v[CONTEST]["cast"]}  # type: ignore[attr-defined]
    same("by station", stations, want.by_station)
    return faults


def one(work: Path, plan: str, scale: int) -> bytes:
    """Replays one plan at one scale; returns tally.json; SystemExit where a figure differs."""
    inputs, out = work / f"in-{plan}-{scale}", work / f"{plan}-{scale}"
    for folder in (inputs, out):
        shutil.rmtree(folder, ignore_errors=True)
    want = make(inputs, figures=FIGURES, scale=scale, stations=None if scale == 1 else 6)
    got = replay(inputs, out, plan)
    verified = json.loads((out / "verify.json").read_text(encoding="utf-8"))
    if faults := differences(got, verified, want):
        raise SystemExit(f"{plan} at 1/{scale}: " + "; ".join(faults))
    print(f"{plan} at 1/{scale}: agrees, {want.votes}, blank {want.blank}", flush=True)
    return (out / "record/tally.json").read_bytes()


def changed_vote(work: Path, scale: int, tally: bytes) -> None:
    """One vote for a in ballots.csv becomes one for b: exactly two totals move, by one."""
    inputs, out = work / "in-changed", work / "changed"
    for folder in (inputs, out):
        shutil.rmtree(folder, ignore_errors=True)
    make(inputs, figures=FIGURES, scale=scale, stations=6)
    text = (inputs / "ballots.csv").read_text(encoding="utf-8")
    (inputs / "ballots.csv").write_text(text.replace(f",{CODES['a']}\n", f",{CODES['b']}\n", 1), encoding="utf-8")
    replay(inputs, out, "online")
    before, after = (
        json.loads(t)[CONTEST]["votes"] for t in (tally, (out / "record/tally.json").read_text(encoding="utf-8"))
    )
    moved = {code: after[code] - before[code] for code in before if after[code] != before[code]}
    if moved != {CODES["a"]: -1, CODES["b"]: 1}:
        raise SystemExit(f"one changed vote moved {moved}")
    print("one changed vote moves exactly two totals by one", flush=True)


def main() -> int:
    """Replay and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", choices=PLANS, action="append", default=[], help="plans to replay whole")
    parser.add_argument("--scale", type=int, default=20, help="of the other plans")
    parser.add_argument("--work", type=Path, default=ROOT / "out/replays")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    whole = {plan: one(options.work, plan, 1) for plan in options.whole}
    parts = {plan: one(options.work, plan, options.scale) for plan in PLANS if plan not in options.whole}
    for tallies in (whole, parts):
        if len(set(tallies.values())) > 1:
            raise SystemExit("plans differ in tally.json")
    if parts:
        changed_vote(options.work, options.scale, next(iter(parts.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
