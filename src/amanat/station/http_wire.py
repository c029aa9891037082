"""Wire and cable over HTTP: what stands behind the ports on a real terminal (S-1, S-9, C-12)."""

import ssl
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from amanat.station.config import Address
from amanat.station.ports import Declined
from amanat.sync.messages import LIVE_BYTES

WIRE_SECONDS_MAX = 20.0  # of real time: a black hole is a failure
CABLE_SECONDS_MAX = 5.0
PUSH = "/sync/v1/push"
KIND = {"content-type": "application/cbor"}


class HttpWire:
    """See `Wire`."""

    def __init__(self, url: str, tls: ssl.SSLContext | bool) -> None:
        self._url = url.rstrip("/") + PUSH
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def push(self, data: bytes) -> bytes:
        """See `Wire`."""
        if self._session is None:
            limit = aiohttp.ClientTimeout(total=WIRE_SECONDS_MAX)
            self._session = aiohttp.ClientSession(timeout=limit, connector=aiohttp.TCPConnector(ssl=self._tls))
        try:
            ask = len(data) > LIVE_BYTES  # a backlog that there is no room for now is not sent at all
            async with self._session.post(
                self._url, data=data, headers=KIND, allow_redirects=False, expect100=ask
            ) as answer:
                later = answer.headers.get("retry-after", "")
                if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and later.isdecimal():
                    raise Declined(int(later[:9]))
                answer.raise_for_status()
                return await answer.read()
        except aiohttp.ClientError as cause:
            raise ConnectionError(str(cause)) from cause

    async def close(self) -> None:
        """See `Wire`."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class HttpCable:
    """See `Cable`; a connection to each colleague is kept."""

    def __init__(self) -> None:
        self._sessions: dict[Address, aiohttp.ClientSession] = {}

    def _session_to(self, address: Address) -> aiohttp.ClientSession:
        if address not in self._sessions:
            connector = aiohttp.UnixConnector(address.path) if address.path else aiohttp.TCPConnector()
            limit = aiohttp.ClientTimeout(total=CABLE_SECONDS_MAX)
            self._sessions[address] = aiohttp.ClientSession(connector=connector, timeout=limit)
        return self._sessions[address]

    async def post(
        self, address: Address, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, str], bytes]:
        """See `Cable`."""
        try:
            async with self._session_to(address).post(address.url + path, data=body, headers=headers) as answer:
                return answer.headers, await answer.read()
        except aiohttp.ClientError as cause:
            raise ConnectionError(str(cause)) from cause

    async def get(self, address: Address, path: str) -> bytes:
        """See `Cable`."""
        try:
            async with self._session_to(address).get(address.url + path) as answer:
                return await answer.read()
        except aiohttp.ClientError as cause:
            raise ConnectionError(str(cause)) from cause

    async def close(self) -> None:
        """See `Cable`."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
