"""What a voter chose is let go, and what is let go is overwritten: in the process that runs terminals (P-2, B-6).

Python cannot overwrite an object, but its allocator can overwrite every block that is freed: glibc's does so when it is
told before the process begins, and when its per-thread caches, which would keep freed blocks as they are, are off.
LIMIT: another C library ignores both; registers, the stack and the kernel's buffers are not wiped by it.
"""

import gc
import os
import sys
from typing import Final

WIPING: Final = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
}
"""glibc's manual, "Memory Allocation Tunables": a freed block is filled with a byte that depends on `perturb`."""


def begin_again_wiping() -> None:
    """Start this program anew, in this process and with the same words, under an allocator that wipes; or return."""
    if any(os.environ.get(name) != value for name, value in WIPING.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | WIPING)


def forget() -> None:
    """Free what only cycles hold any more (an answered request and its body are such a cycle)."""
    gc.collect()
