"""Independent verifier of an Amanat election record (protocol chapter 11).

It is written from the protocol's text on libsodium alone and shares nothing with the programs that make records.
"""

from amanat_verifier.checks import Report, verify

__all__ = ["Report", "verify"]
