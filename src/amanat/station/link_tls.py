"""Who may be headquarters on the wire: an address with https, or one that stays inside this machine.  Clause S-1.

What travels says who came (private parts of permits), so plain http leaves the machine for nobody.
"""

import ssl
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from amanat.errors import BadInput


def require_private(url: str) -> None:
    """BadInput unless nobody on the way can read: https, or http to this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as cause:
        raise BadInput("link-address", url=url) from cause
    if not host or parts.scheme not in ("http", "https"):
        raise BadInput("link-address", url=url)
    if parts.scheme == "http" and not _is_here(host):
        raise BadInput("link-plain", url=url)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_of(url: str, ca: Path | None) -> ssl.SSLContext | bool:
    """How a connection to this address is verified: by the certificates in ``ca``, else by the system's.

    Raises:
        BadInput: plain http to another machine, no address, or a file that holds no certificates.
    """
    require_private(url)
    if ca is None:
        return True
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as cause:
        raise BadInput("link-ca", file=str(ca)) from cause
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
