"""What every test relies on: no network, the same examples of hypothesis on every run."""

import socket
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("looprisk", deadline=None, derandomize=True)
settings.load_profile("looprisk")


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a test opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
