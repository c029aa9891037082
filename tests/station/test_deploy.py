"""What stands in deploy/station: units that systemd takes, and the promises that they make about memory and network."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy/station"
UNITS = ("amanat-station", "amanat-kiosk")
HOST_PARTS = re.compile(r"^(ExecStart|User|Group|SupplementaryGroups|Documentation)=.*\n", re.M)
EXPOSURE_MOST = {"amanat-station": 20, "amanat-kiosk": 50}  # tenths, of `systemd-analyze security`

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")


def unit(name: str) -> str:
    return (DEPLOY / f"{name}.service").read_text(encoding="utf-8")


def directives(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in unit(name).splitlines():
        key, sign, value = row.partition("=")
        if sign and not row.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def portable(name: str, folder: Path) -> Path:
    """The unit without the user, program and page that only a station has."""
    path = folder / f"{name}.service"
    path.write_text(HOST_PARTS.sub("", unit(name)).replace("[Service]\n", "[Service]\nExecStart=/bin/true\n"))
    return path


@needs_systemd
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say: no unknown key, no value that is none."""
    paths = [str(portable(name, tmp_path)) for name in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, timeout=60, check=False
    )
    said = [row for row in done.stderr.splitlines() if "amanat" in row]
    assert (said, done.returncode) == ([], 0)


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_the_units_expose_little(name: str, tmp_path: Path) -> None:
    """systemd's own measure of what a broken program could do, from 0 to 10."""
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MOST[name]}"]
    path = str(portable(name, tmp_path))
    done = subprocess.run([*command, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("name", UNITS)
def test_no_memory_reaches_a_disk_and_nothing_goes_out(name: str) -> None:
    """P-2.  No core, no swap, a read-only system, a private /tmp, no way out but what is allowed by name."""
    has = directives(name)
    wanted = {
        "LimitCORE": "0", "MemorySwapMax": "0", "ProtectSystem": "strict", "PrivateTmp": "yes", "ProtectHome": "yes",
        "NoNewPrivileges": "yes", "IPAddressDeny": "any", "UMask": "0077", "Restart": "always",
    }  # fmt: skip
    assert {key: has[key][0] for key in wanted} == wanted
    assert all(address.split()[0] == "localhost" for address in has["IPAddressAllow"])


def test_the_terminal_starts_anew_for_ever_and_runs_as_nobody_special() -> None:
    has = directives("amanat-station")
    assert has["StartLimitIntervalSec"] == ["0"]
    assert has["User"] == ["amanat"]
    assert has["CapabilityBoundingSet"] == [""]
    assert has["ExecStart"][0].split()[1:3] == ["station", "run"]


def test_the_browser_keeps_nothing_and_goes_nowhere() -> None:
    """Flags and policy of the kiosk: no profile on a disk, no crash dump, no other address, no tools."""
    script = (DEPLOY / "kiosk.sh").read_text(encoding="utf-8")
    for flag in (
        "--kiosk", "--incognito", "--disable-breakpad", "--disable-crash-reporter", "--disk-cache-size=1",
        "--user-data-dir=/run/amanat-kiosk/", "--disable-extensions", "--disable-background-networking",
        'MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"',
    ):  # fmt: skip
        assert flag in script, flag
    assert subprocess.run(["/bin/sh", "-n", DEPLOY / "kiosk.sh"], check=False).returncode == 0
    unit = (DEPLOY / "amanat-kiosk.service").read_text(encoding="utf-8")
    assert "cage -- " in unit  # no -s: no key leads to another console
    policy = json.loads((DEPLOY / "chromium-policy.json").read_text(encoding="utf-8"))
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == ["http://127.0.0.1", "http://localhost"]
    assert policy["DeveloperToolsAvailability"] == 2


def test_a_booth_may_speak_on_the_cable_alone() -> None:
    """Every chain drops by policy; what is accepted names loopback, an answer, or the cable."""
    rules = (DEPLOY / "booth.nft").read_text(encoding="utf-8")
    assert len(re.findall(r"hook (?:input|output|forward) .*policy drop;", rules)) == 3
    accepted = re.findall(r"^\s+(.+) accept$", rules, re.M)
    assert {row.split()[0] for row in accepted} == {"iif", "oif", "ct", "ip"}


def test_every_file_stands_in_the_table() -> None:
    """The README names each file of the folder."""
    told = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.name != "README.md":
            assert path.name in told, path.name
