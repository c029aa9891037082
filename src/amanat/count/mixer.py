"""A mixer's machine: it checks the ballots and every mixer before it, then mixes its units (T-8)."""

from pathlib import Path
from typing import Any

from amanat.count import mix
from amanat.count.exchange import Files, Job, write_plain
from amanat.count.machine import Clock, Machine
from amanat.errors import BadInput, Rejected


class MixerMachine(Machine):
    """One mixer in its folder."""

    def __init__(self, home: Path, *, given: bytes | None = None) -> None:
        super().__init__(home, given=given)
        self.jobs = {"check": self.check, "mix": self.mix}

    def mix(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """The job `mix`: fields session, contest (index), units (names); leaves `<unit>/` with the three files."""
        clock = Clock()
        sorted_ = self.sorted(job, files)
        contest = job.number("contest")
        election, mixers = sorted_.session.election, sorted_.session.ordered.order.mixers
        if self.index not in mixers:
            raise BadInput("job-field-wrong", file=str(job.folder / "job.json"), field="kind")
        if election.manifest.mixers[self.index].key.hex() != self.identity.get("signing_key"):
            raise Rejected("not-my-key", machine=self.home.name)
        names = job.items("units", str)
        before = mixers[: mixers.index(self.index)]
        mix.require_mixes(files, self.memory, sorted_, contest, names, before)
        clock.checked()
        for unit in names:
            for name, content in mix.mix(files, sorted_, contest, unit, mixer=self.index, seed=self.signing_seed):
                write_plain(out / unit / name, content)
        return {"seconds": clock.seconds()}
