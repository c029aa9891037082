"""What stands before headquarters in earnest: a TLS end with a certificate that the stations were given (S-1).

A gateway speaks plain http to its own machine alone, so a run over real networks needs one.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK: Final = 1 << 16
CLOSING_SECONDS: Final = 0.01
DAYS: Final = 30


def certify(folder: Path, addresses: Sequence[str]) -> tuple[Path, Path]:
    """A self-signed certificate for these addresses, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headquarters of a run")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)) for address in addresses])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=DAYS))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "front.pem", folder / "front.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


class Front:
    """The TLS end of one headquarters at loopback's port `behind`."""

    def __init__(self, files: tuple[Path, Path], *, behind: int) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.behind = behind
        self.open: set[asyncio.StreamWriter] = set()

    async def start(self, addresses: Sequence[str], port: int) -> None:
        """Takes calls at this port of these addresses."""
        self.server = await asyncio.start_server(self._accepted, host=addresses, port=port, ssl=self.context)

    async def stop(self) -> None:
        """Ends it and every call."""
        self.server.close()
        while self.open:
            for writer in self.open:
                writer.transport.abort()
            await asyncio.sleep(CLOSING_SECONDS)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.behind)
        except OSError:  # headquarters is down: its caller sees a closed line
            writer.transport.abort()
            return
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until either end goes."""
        self.open.add(writer)
        with suppress(OSError, ssl.SSLError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        self.open.discard(writer)
        writer.transport.abort() if reader.exception() else writer.close()
