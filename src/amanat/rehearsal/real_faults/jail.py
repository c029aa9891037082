"""A place of one's own: network, mounts and processes that nobody else sees and that the kernel takes away with us.

`unshare` gives a run its own network (no way out of it), mount and process namespaces.  Whatever the run started, laid
down or mounted is gone when its first process ends, however it ends.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from amanat.errors import Usage

UNSHARE: Final = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
NAMESPACES: Final = Path("/run/netns")
TUNNEL: Final = Path("/dev/net/tun")
INSIDE: Final = "AMANAT_REAL_FAULTS"  # in the environment of what runs in a jail
SECONDS: Final = 60


def system(*words: str | Path) -> None:
    """A command of the system, which must succeed.  Raises Usage with its last words."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise Usage("real-faults-system", command=" ".join(map(str, words)), said=done.stderr.strip()[-300:])


def why_not() -> str:
    """Why this machine cannot do it, in English; empty where it can."""
    if os.geteuid() != 0:
        return "network namespaces, mounts and kills of PostgreSQL need root"
    if not TUNNEL.exists():
        return f"the kernel has no {TUNNEL}"
    done = subprocess.run([*UNSHARE, "ip", "tuntap", "add", "t0", "mode", "tun"], capture_output=True, check=False)
    return done.stderr.decode(errors="replace").strip() if done.returncode else ""


def inside(*words: str | Path) -> list[str]:
    """The command that runs `python -m WORDS…` in a jail; it ends when its process does."""
    return [*UNSHARE, sys.executable, "-m", *map(str, words)]


def furnish() -> None:
    """In the jail, first of all: loopback, and a place in memory for names of networks, sockets and the database, which
    goes away with the jail.  Raises Usage outside of one."""
    if os.getpid() != 1:
        raise Usage("real-faults-outside")
    system("mount", "--make-rprivate", "/")
    NAMESPACES.mkdir(exist_ok=True)
    system("mount", "-t", "tmpfs", "netns", NAMESPACES)
    system("ip", "link", "set", "lo", "up")
    tempfile.tempdir = str(NAMESPACES)


def network(name: str) -> tuple[str, ...]:
    """A further network, with loopback; what to put before a command that shall run there."""
    system("ip", "netns", "add", name)
    prefix = ("nsenter", f"--net={NAMESPACES / name}", "--")
    system(*prefix, "ip", "link", "set", "lo", "up")
    return prefix
