"""What one terminal is made of: read from its home, or given by who puts one together elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import amanat_crypto
from amanat.errors import BadInput
from amanat.records.device import ROLE_CHECK_IN
from amanat.rules import persian
from amanat.station import config, keys, upkeep
from amanat.station.config import Settings
from amanat.station.enrolment import PACKAGE
from amanat.station.link_tls import tls_of
from amanat.station.media import OpenMedium
from amanat.station.package import Identity, open_register, read_package
from amanat.station.ports import Cable, Ports, Wire
from amanat.station.printer import Printer, SlipPrinter, open_printer


@dataclass(frozen=True)
class Parts:
    """`home` keeps what may be lost: copies, notes, changes of the register."""

    home: Path
    settings: Settings
    identity: Identity
    printer: Printer
    media: Sequence[OpenMedium]
    ports: Ports

    @classmethod
    def read(cls, home: Path, *, printer: str | None, seed: bytes | None) -> "Parts":
        """A terminal's own; ``seed`` is the device's, where two officers have released it, else the passphrase's.

        Raises:
            BadInput, Rejected: something is missing, or is not what it should be; the media stay closed then.
        """
        settings = config.read(home)
        package = read_package(home / PACKAGE)
        seed = seed or keys.unseal(home, keys.read_passphrase(Path(settings.passphrase)))
        identity = Identity(package, settings.device, seed)
        if amanat_crypto.public_key(seed) != identity.certificate.key:
            raise BadInput("device-not-in-package", file=str(home / PACKAGE / "devices.seq"))
        if identity.certificate.has(ROLE_CHECK_IN):
            open_register(identity)
        port = open_printer(printer) if printer else open_printer(settings.printer, home=home)
        day = persian.jalali(date.fromisoformat(identity.manifest.polling_day))
        slips = SlipPrinter(port, identity.training, day)
        return cls(home, settings, identity, slips, upkeep.open_media(home, settings), Ports())

    def wire(self) -> Wire | None:
        """The way to headquarters; None where this terminal has none.  Raises BadInput for an unsafe address."""
        if not self.settings.link_url:
            return None
        if self.ports.wire is not None:
            return self.ports.wire
        from amanat.station.http_wire import HttpWire

        ca = self.home / self.settings.link_ca if self.settings.link_ca else None
        return HttpWire(self.settings.link_url, tls_of(self.settings.link_url, ca))

    def cable(self) -> Cable:
        """The way to colleagues."""
        if self.ports.cable is not None:
            return self.ports.cable
        from amanat.station.http_wire import HttpCable

        return HttpCable()
