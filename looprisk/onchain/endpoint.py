"""Where a node is reached: found in one order, and never shown beyond its host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from looprisk.errors import EndpointError

SHARED = ("ETH_RPC_URL", "WEB3_PROVIDER_URI")
"""Variables that name one node whatever its chain; the chain is checked when it is asked."""
HIDDEN = "***"
_SHORTEST_SECRET = 5


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a node. ``str`` and ``repr`` show the host alone.

    >>> Endpoint("https://eth.example/v2/0123456789abcdef", "--rpc")
    https://eth.example/***
    """

    url: str = field(repr=False)
    named_by: str
    """The option or variable that gave it."""

    def __repr__(self) -> str:
        """Return scheme and host."""
        rest = self.parts.path.strip("/") or self.parts.query or self.parts.username
        return f"{self.parts.scheme}://{self.host}" + (f"/{HIDDEN}" if rest else "")

    __str__ = __repr__

    @property
    def parts(self) -> SplitResult:
        """The address taken apart."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """Host and port: all that any message, log or file may hold."""
        parts = self.parts
        port = f":{parts.port}" if parts.port is not None else ""
        return f"{parts.hostname or ''}{port}"

    def hide(self, text: str) -> str:
        """Return ``text`` without the parts of the address that let somebody in.

        >>> Endpoint("https://eth.example/v2/secretkey?x=other", "--rpc").hide(
        ...     "no secretkey: other"
        ... )
        'no ***: ***'
        """
        for secret in self._secrets():
            text = text.replace(secret, HIDDEN)
        return text

    def _secrets(self) -> list[str]:
        parts = self.parts
        found = [self.url, parts.username, parts.password, parts.query, parts.path]
        found += re.split(r"[/&=?]", f"{parts.path}/{parts.query}")
        found += [unquote(piece) for piece in found if piece]
        secrets = {piece for piece in found if piece and len(piece) >= _SHORTEST_SECRET}
        return sorted(secrets, key=len, reverse=True)


def find(chain_id: int | None, given: str | None, environment: Mapping[str, str]) -> Endpoint:
    """Return the endpoint: as given, else of the chain, else the one shared variable names.

    ``LOOPRISK_RPC_<chain id>`` comes before ``ETH_RPC_URL`` and ``WEB3_PROVIDER_URI``. Raises
    EndpointError where none is set or the one that is cannot be used.
    """
    named = [("--rpc", given)]
    if chain_id is not None:
        name = f"LOOPRISK_RPC_{chain_id}"
        named.append((name, environment.get(name)))
    named += [(name, environment.get(name)) for name in SHARED]
    for name, url in named:
        if url:
            return usable(url.strip(), name)
    wanted = f"LOOPRISK_RPC_{chain_id}" if chain_id is not None else "LOOPRISK_RPC_<chain id>"
    raise EndpointError(
        "no node is configured", f"set {wanted} or ETH_RPC_URL to its address, or give --rpc"
    )


def usable(url: str, name: str) -> Endpoint:
    """Return an endpoint; raise EndpointError where ``url`` cannot be one."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname
        _ = parts.port
    except ValueError:
        usable = None
    if not usable:
        raise EndpointError(
            f"{name} is not the address of a node",
            "an address starts with https:// or http://",
        )
    return Endpoint(url, name)
