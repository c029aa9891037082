"""Runs a command where there is no network but this machine's own loopback, so that whatever needs more fails.

    python tools/loopback_only.py COMMAND…

Where no network namespace can be made (some containers forbid it) the command runs as it is, and that is said aloud.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)
INSIDE = "--inside"


def bring_up() -> None:
    """Switch the loopback of this namespace on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def main(words: list[str]) -> None:
    """Become the command."""
    if words[0] == INSIDE:
        bring_up()
        os.execvp(words[1], words[1:])
    apart = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-current-user", "--keep-caps"]
    here = [sys.executable, __file__, INSIDE]
    try:
        possible = subprocess.run([*apart, *here, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        possible = False
    if possible:
        os.execvp(apart[0], [*apart, *here, *words])
    print("no network namespace can be made here: what follows has this machine's network", file=sys.stderr)
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(sys.argv[1:])
