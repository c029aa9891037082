"""Runs within Pyodide for `another_python.mjs`: stands in for compiled packages, then simulates; the last line answers.

What stands in is small: CBOR and AES-GCM are needed, all else of `cryptography` and `numpy` is imported and not called.
"""

import hmac
import importlib.abc
import importlib.machinery
import io
import json
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import node_ciphers  # type: ignore[import-not-found]  # registered by the script
from pyodide.ffi import to_js  # type: ignore[import-not-found]

days: list[str] = globals().get("days", [])


class Cbor(ModuleType):
    """`cbor2` for the values of our records: unsigned integers, bytes, text, arrays, null."""

    class CBORDecodeError(Exception):
        """See cbor2."""

    class CBOREncodeError(Exception):
        """See cbor2."""

    @classmethod
    def dumps(cls, value: Any) -> bytes:
        """See cbor2; the shortest form."""
        if value is None:
            return b"\xf6"
        if type(value) is int and value >= 0:
            return cls._head(0, value)
        if isinstance(value, bytes):
            return cls._head(2, len(value)) + value
        if isinstance(value, str):
            data = value.encode("utf-8")
            return cls._head(3, len(data)) + data
        if isinstance(value, list | tuple):
            return cls._head(4, len(value)) + b"".join(map(cls.dumps, value))
        raise cls.CBOREncodeError(type(value))

    @staticmethod
    def _head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if number < 1 << 8 * size:
                return bytes([major << 5 | code]) + number.to_bytes(size, "big")
        raise Cbor.CBOREncodeError("number")

    @classmethod
    def loads(cls, data: bytes, **_: Any) -> Any:
        """See cbor2."""
        decoder = cls.CBORDecoder(io.BytesIO(data))
        return decoder.decode()

    class CBORDecoder:
        """See cbor2."""

        def __init__(self, stream: io.BytesIO, **_: Any) -> None:
            self._stream = stream

        def _take(self, length: int) -> bytes:
            data = self._stream.read(length)
            if len(data) != length:
                raise Cbor.CBORDecodeError("end")
            return data

        def decode(self) -> Any:
            """The next value."""
            (first,) = self._take(1)
            if first == 0xF6:
                return None
            major, number = first >> 5, first & 31
            if 24 <= number < 28:
                number = int.from_bytes(self._take(1 << number - 24), "big")
            elif number >= 28:
                raise Cbor.CBORDecodeError("length")
            if major == 0:
                return number
            if major in (2, 3):
                data = self._take(number)
                return data if major == 2 else data.decode("utf-8")
            if major == 4:
                return [self.decode() for _ in range(number)]
            raise Cbor.CBORDecodeError("type")


class Ecb:
    """`Cipher(AES(key), ECB())`: every update is whole blocks."""

    def __init__(self, key: bytes, _: object) -> None:
        self._key = bytes(key)

    def encryptor(self) -> "Ecb":
        """See cryptography."""
        return self

    def update(self, data: bytes) -> bytes:
        """See cryptography."""
        return bytes(node_ciphers.ecb(to_js(self._key), to_js(bytes(data))).to_bytes())


class InvalidTag(Exception):
    """See cryptography."""


class Gcm:
    """`AESGCM`."""

    def __init__(self, key: bytes) -> None:
        self._key = bytes(key)

    def decrypt(self, number: bytes, data: bytes, what: bytes) -> bytes:
        """See cryptography."""
        given = (to_js(bytes(part)) for part in (self._key, number, data, what))
        try:
            return bytes(node_ciphers.gcmOpen(*given).to_bytes())
        except Exception as cause:
            raise InvalidTag from cause

    def decrypt_into(self, number: bytes, data: bytes, what: bytes, target: memoryview) -> int:
        """See cryptography."""
        target[:] = self.decrypt(number, data, what)
        return len(target)

    def encrypt(self, number: bytes, data: bytes, what: bytes) -> bytes:
        """See cryptography."""
        given = (to_js(bytes(part)) for part in (self._key, number, data, what))
        return bytes(node_ciphers.gcmSeal(*given).to_bytes())


class Hkdf:
    """`HKDF` of SHA-256 (RFC 5869)."""

    def __init__(self, _: object, length: int, salt: bytes | None, info: bytes) -> None:
        self._length, self._salt, self._info = length, salt or bytes(32), info

    def derive(self, key: bytes) -> bytes:
        """See cryptography."""
        secret = hmac.digest(self._salt, key, "sha256")
        found, block = b"", b""
        for number in range(1, -(-self._length // 32) + 1):
            block = hmac.digest(secret, block + self._info + bytes([number]), "sha256")
            found += block
        return found[: self._length]


class Nothing(type):
    """A name that is imported, perhaps made, perhaps has names in it, and does nothing."""

    def __getattr__(cls, name: str) -> Any:
        return _absent(name)


def _absent(name: str) -> type:
    base = (Exception,) if name.startswith("Invalid") else ()
    return Nothing(name, base, {"__init__": lambda self, *given, **more: None})


REAL = {
    "Cipher": Ecb,
    "AES": bytes,
    "ECB": object,
    "AESGCM": Gcm,
    "HKDF": Hkdf,
    "SHA256": sha256,
    "InvalidTag": InvalidTag,
}


class Absent(ModuleType):
    """A package that is not here, with the few names of it that are needed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return REAL.get(name) or _absent(name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what is absent."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """See importlib."""
        if name.split(".")[0] in ("cryptography", "numpy"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """See importlib."""
        return Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


def answer() -> str:
    """Simulate the days; the answer as JSON."""
    sys.modules["cbor2"] = Cbor("cbor2")
    sys.meta_path.insert(0, Finder())
    sys.path[:0] = ["/source", "/"]
    package = ModuleType("persiantools")
    package.__path__ = ["/site"]
    sys.modules["persiantools"] = package
    from amanat.rehearsal.simulation import worker

    worker.begin(False)
    from amanat.rehearsal.simulation import election

    built = Path("/register.bin").read_bytes()
    election.the_register = lambda: built
    digests = []
    for day in days:
        seed, *more = map(int, day.split(":"))
        stations, voters = more or (None, None)
        digests.append(worker.work(worker.Job(seed, stations, voters))["digest"])
    return json.dumps({"python": sys.version.split()[0], "digests": digests})


answer()
