"""Contracts put on the test chain and called, through web3: nothing of looprisk takes part."""

from web3 import HTTPProvider, Web3

from tests.onchain.anvil import Anvil

GAS = 30_000_000


class Deployer:
    """Whoever builds the chain: its first account, unlocked like all others."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.web3 = Web3(HTTPProvider(node.url, request_kwargs={"timeout": 60}))
        self.accounts = self.web3.eth.accounts
        self.me = self.accounts[0]

    def deploy(self, artifact, *arguments, libraries=None):
        """Put a contract on the chain and return it."""
        code = linked(artifact, libraries or {})
        factory = self.web3.eth.contract(abi=artifact["abi"], bytecode="0x" + code)
        receipt = self._mined(
            factory.constructor(*arguments).transact({"from": self.me, "gas": GAS})
        )
        return self.at(receipt.contractAddress, artifact)

    def create(self, code: str) -> str:
        """Put creation code on the chain and return the address."""
        sent = self.web3.eth.send_transaction({"from": self.me, "data": code, "gas": GAS})
        return self._mined(sent).contractAddress

    def at(self, address, artifact):
        return self.web3.eth.contract(address=address, abi=artifact["abi"])

    def send(self, function, sender=None):
        """Send a transaction and wait for it; it must not fail."""
        return self._mined(function.transact({"from": sender or self.me, "gas": GAS // 2}))

    def _mined(self, sent):
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=60, poll_latency=0.004)
        if receipt.status != 1:
            raise RuntimeError(f"transaction {sent.hex()} failed")
        return receipt


def linked(artifact, libraries) -> str:
    """Return the creation code with the addresses of its libraries filled in."""
    code = artifact["bytecode"]
    references = artifact.get("linkReferences", {})
    if isinstance(code, dict):
        code, references = code["object"], code["linkReferences"]
    code = code.removeprefix("0x")
    for names in references.values():
        for library, places in names.items():
            for place in places:
                start = 2 * place["start"]
                address = libraries[library].address[2:].lower()
                code = code[:start] + address + code[start + 40 :]
    return code
