"""A package is whole and headquarters' own: SHA256SUMS over every file, and a signature over that.  Clause M-7.

A station loads nothing else: a file that is missing, changed, too many or of another package is refused by its name.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from amanat.errors import BadInput, Rejected
from amanat.records.identifiers import ElectionHash, identifier, is_signed
from amanat.records.manifest import Manifest

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
REGISTER: Final = "register.bin"
"""At start its digest is the register root's business (R-1), and it may lie there sealed."""
DOMAIN: Final = "package"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)")


def write(folder: Path, eh: ElectionHash, sign: Callable[[str, bytes], bytes]) -> None:
    """Lists every file of the folder and signs the list; `sign` is headquarters' Sign(domain, digest)."""
    text = "".join(f"{_digest(folder / name)}  {name}\n" for name in sorted(_files(folder)))
    (folder / SUMS).write_text(text, encoding="ascii")
    (folder / SIGNATURE).write_bytes(sign(DOMAIN, identifier(DOMAIN, eh, text.encode("ascii"))))


def require_whole(folder: Path) -> tuple[str, ...]:
    """Before a package is loaded: every file is read.  The names of all its files.

    Raises:
        BadInput: a file is missing.
        Rejected: the list is not signed by the manifest's headquarters, or a file is not the listed one.
    """
    sums = listed(folder)
    _require_same_names(folder, sums, optional=())
    for name, digest in sums.items():
        _require(folder, name, digest)
    return (*sums, SUMS, SIGNATURE)


def require_at_start(folder: Path) -> None:
    """At every start: the signature, the names of all files, and the content of those that are not media or register.

    Raises:
        BadInput, Rejected: as `require_whole`.
    """
    sums = listed(folder)
    _require_same_names(folder, sums, optional=(REGISTER,))
    for name, digest in sums.items():
        if "/" not in name and name != REGISTER:
            _require(folder, name, digest)


def listed(folder: Path) -> Mapping[str, str]:
    """SHA-256 in hex by file name, as headquarters signed it.  Raises BadInput, Rejected as `require_whole`."""
    try:
        data, signature = (folder / SUMS).read_bytes(), (folder / SIGNATURE).read_bytes()
        manifest = Manifest.decode((folder / "manifest.cbor").read_bytes())
    except OSError as cause:
        raise BadInput("package-incomplete", file=str(cause.filename)) from cause
    digest = identifier(DOMAIN, manifest.election_hash, data)
    if len(signature) != 64 or not is_signed(manifest.hq_key, DOMAIN, manifest.election_hash, digest, signature):
        raise Rejected("package-not-signed", file=str(folder / SUMS))
    matches = [_LINE.fullmatch(line) for line in data.decode("ascii", "replace").splitlines()]
    if None in matches:
        raise Rejected("package-not-signed", file=str(folder / SUMS))
    return {match[2]: match[1] for match in matches if match}


def _require_same_names(folder: Path, sums: Mapping[str, str], *, optional: tuple[str, ...]) -> None:
    there = set(_files(folder))
    if missing := sorted(set(sums) - there - set(optional)):
        raise BadInput("package-incomplete", file=str(folder / missing[0]))
    if extra := sorted(there - set(sums)):
        raise Rejected("package-file-extra", file=str(folder / extra[0]))


def _require(folder: Path, name: str, digest: str) -> None:
    if _digest(folder / name) != digest:
        raise Rejected("package-file-changed", file=str(folder / name))


def _files(folder: Path) -> Iterator[str]:
    """Names of all files below the folder but the list and its signature, with `/`."""
    for path in folder.rglob("*"):
        if not path.is_dir() and (name := path.relative_to(folder).as_posix()) not in (SUMS, SIGNATURE):
            yield name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
