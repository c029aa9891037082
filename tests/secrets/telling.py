"""A terminal as shipped, but that it tells each ballot's randomness to a pipe: a search must know what to look for.

    python tests/secrets/telling.py PIPE FOLDER ELECTION PORT [leaking]

`leaking` plants a leak: each ballot's choices and randomness are kept in a list, as a careless log would.
"""

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools import one_station  # noqa: E402 - the repository's own folder comes first

from amanat.records.register import Person  # noqa: E402
from amanat.rules.eligibility import Flags  # noqa: E402
from amanat.rules.national_id import synthetic  # noqa: E402
from amanat.station import booth, forgetting, run  # noqa: E402

VOTERS = range(1000, 1200)
kept: list[Any] = []


def main() -> None:
    forgetting.begin_again_wiping()
    pipe, folder, election, port, *leaking = sys.argv[1:]
    seal = booth.ballot.seal

    def telling(**named: Any) -> Any:
        sealed = seal(**named)
        for part in sealed.randomness:
            os.write(int(pipe), part)
        if leaking:
            codes = [named["manifest"].contests[0].codes[n] for n in named["choices"][0]]
            kept.append((",".join(codes), bytes(sealed.randomness[0])))
        return sealed

    booth.ballot.seal = telling  # type: ignore[assignment]
    people = (Person(synthetic(n), f"شهروند شمارهٔ {n}", 1360, Flags()) for n in VOTERS)
    one_station.PEOPLE = (*one_station.PEOPLE, *people)  # type: ignore[misc]
    homes = one_station.make(Path(folder), Path(election), listen=[f"127.0.0.1:{port}"], link_url="")
    run.run(homes, clock=None, printer=f"folder:{folder}/slips?draw=0")


if __name__ == "__main__":
    main()
