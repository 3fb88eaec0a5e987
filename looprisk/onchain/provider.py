"""A node behind a provider of web3: what a notebook has at hand, whatever its transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from looprisk.errors import AnswerError, EndpointError
from looprisk.onchain.rpc import Ask, Json, RpcError


class Provider(Protocol):
    """Whatever sends one request: any synchronous provider of web3 does."""

    def make_request(self, method: str, params: list[Json]) -> Mapping[str, Json]:
        """Return the envelope of the answer."""


@dataclass(slots=True)
class ProviderNode:
    """A provider as a node. Retries are the provider's own; batches go one by one."""

    provider: Provider = field(repr=False)
    requests_sent: int = 0

    @property
    def host(self) -> str:
        """The kind of the provider, which is all that is told of it."""
        return type(self.provider).__name__

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the result of one request; see :class:`looprisk.onchain.rpc.Node`."""
        self.requests_sent += 1
        try:
            answer = self.provider.make_request(method, params)
        except Exception as error:  # noqa: BLE001, transports raise what they like
            # neither text nor cause goes on: they hold the address of the node
            raise EndpointError(
                f"{self.host}: {method} failed ({type(error).__name__})", "does the node run?"
            ) from None
        refused = answer.get("error")
        if refused is not None:
            fields = refused if isinstance(refused, dict) else {}
            code, text = fields.get("code"), fields.get("message")
            number = code if isinstance(code, int) else 0
            said = text if isinstance(text, str) else str(refused)
            raise RpcError(self.host, number, said[:200], fields.get("data"))
        if "result" not in answer:
            raise AnswerError(f"{self.host}: the answer to {method} has no result")
        return answer["result"]

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the results, refusals in their place."""
        answers: list[Json | RpcError] = []
        for method, params in asks:
            try:
                answers.append(self.request(method, params))
            except RpcError as refusal:
                answers.append(refusal)
        return answers

    def close(self) -> None:
        """Leave the provider to whoever made it."""
