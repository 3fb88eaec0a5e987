"""The way to a node through a proxy, where the environment names one.

``HTTPS_PROXY``, ``HTTP_PROXY`` and ``ALL_PROXY`` name it, ``NO_PROXY`` the hosts that are reached
directly, as other tools read them; settings of the operating system are not looked at. A node on
this machine is always reached directly. To a node over https the proxy only carries bytes; to one
over http it reads all of it, the key in the address too.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment

from looprisk.errors import EndpointError

USUAL_PORT = 80
_HEADER = "Proxy-Authorization"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. Who may use it is never shown."""

    host: str
    port: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def proxy_for(node: SplitResult) -> Proxy | None:
    """Return the proxy on the way to a node; None where it is reached directly.

    Raises EndpointError where the environment names something else than a proxy over http.
    """
    named = getproxies_environment()
    url = named.get(node.scheme) or named.get("all")
    host = node.hostname or ""
    if not url or _is_here(host) or _is_direct(host, named.get("no", "")):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or USUAL_PORT
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname:
        raise EndpointError(
            "the proxy that the environment names is not one over http",
            "write HTTPS_PROXY=http://host:port, or name the node's host in NO_PROXY",
        )
    if not parts.username:
        return Proxy(parts.hostname, port)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    word = base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, port, {_HEADER: f"Basic {word}"})


def connection(
    node: SplitResult, proxy: Proxy | None, timeout: float
) -> http.client.HTTPConnection:
    """Return a connection on which requests to a node are sent; it opens with the first."""
    kind = http.client.HTTPSConnection if node.scheme == "https" else http.client.HTTPConnection
    if proxy is None:
        return kind(str(node.hostname), node.port, timeout=timeout)
    made = kind(proxy.host, proxy.port, timeout=timeout)
    if node.scheme == "https":
        made.set_tunnel(str(node.hostname), node.port, headers=proxy.headers)
    return made


def target(node: SplitResult, proxy: Proxy | None) -> tuple[str, dict[str, str]]:
    """Return what the request line names, and the headers that a proxy wants with it."""
    path = (node.path or "/") + (f"?{node.query}" if node.query else "")
    if proxy is None or node.scheme == "https":
        return path, {}
    place = f"{node.hostname}:{node.port}" if node.port else str(node.hostname)
    return f"http://{place}{path}", proxy.headers


def _is_direct(host: str, named: str) -> bool:
    """Return whether ``NO_PROXY`` names a host, or a domain that it is in.

    >>> _is_direct("eth.example.org", "other.org, .example.org")
    True
    >>> _is_direct("badexample.org", "example.org")
    False
    """
    for one in named.lower().split(","):
        domain = one.strip().lstrip("*").lstrip(".").partition(":")[0]
        if one.strip() == "*" or (domain and (host == domain or host.endswith(f".{domain}"))):
            return True
    return False


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
