"""One node in a process of its own, on a free port of this machine."""

import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

START = 1_760_000_000
"""Time of the first block; a block follows every 12 seconds, so that interest repeats exactly."""


class Anvil:
    """A running node. ``stop`` ends it."""

    def __init__(self, program: Path, *, chain_id: int = 31337) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        options = {
            "--port": self.port,
            "--hardfork": "cancun",
            "--chain-id": chain_id,
            "--gas-limit": 60_000_000,
            "--timestamp": START,
        }
        words = [str(word) for pair in options.items() for word in pair]
        self._process = subprocess.Popen(
            [str(program), "--silent", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        self.rpc("anvil_setBlockTimestampInterval", 12)

    def rpc(self, method: str, *params: object) -> object:
        """Ask the node; a refusal is an error here, since a test asked for it."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(
            self.url, body.encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        return said["result"]

    def pass_time(self, seconds: int) -> None:
        """Mine one block that many seconds later."""
        latest = self.rpc("eth_getBlockByNumber", "latest", False)
        # evm_increaseTime does nothing while the interval of blocks is set
        self.rpc("evm_setNextBlockTimestamp", int(latest["timestamp"], 16) + seconds)
        self.rpc("evm_mine")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                self.rpc("eth_chainId")
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.01)
            else:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
