"""A perpetual exchange that answers from a recording, on loopback; and accounts by its rules."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME = 1_708_622_398_623
DOCUMENTED = {
    "assetPositions": [
        {
            "position": {
                "coin": "ETH",
                "cumFunding": {"allTime": "514.085417", "sinceChange": "0.0", "sinceOpen": "0.0"},
                "entryPx": "2986.3",
                "leverage": {"rawUsd": "-95.059824", "type": "isolated", "value": 20},
                "liquidationPx": "2866.26936529",
                "marginUsed": "4.967826",
                "maxLeverage": 50,
                "positionValue": "100.02765",
                "returnOnEquity": "-0.0026789",
                "szi": "0.0335",
                "unrealizedPnl": "-0.0134",
            },
            "type": "oneWay",
        }
    ],
    "crossMaintenanceMarginUsed": "0.0",
    "crossMarginSummary": {
        "accountValue": "13104.514502",
        "totalMarginUsed": "0.0",
        "totalNtlPos": "0.0",
        "totalRawUsd": "13104.514502",
    },
    "marginSummary": {
        "accountValue": "13109.482328",
        "totalMarginUsed": "4.967826",
        "totalNtlPos": "100.02765",
        "totalRawUsd": "13009.454678",
    },
    "time": TIME,
    "withdrawable": "13104.514502",
}
"""The account that the venue's documentation shows."""
MARKS = {"BTC": 60_000.0, "ETH": 2985.9, "SOL": 100.0, "DOGE": 0.1}
LADDER = {"BTC": 40, "ETH": 50, "SOL": 50, "DOGE": 10}
"""Largest leverage of each coin; BTC has a second tier."""
SECOND = (150_000_000, 20)
FUNDING = 0.0000125


def market(marks):
    """Return what the venue says of its coins, at these marks."""
    coins = [
        {"name": name, "szDecimals": 4, "maxLeverage": most, "marginTableId": number}
        for number, (name, most) in enumerate(LADDER.items(), 51)
    ]
    tables = []
    for number, (name, most) in enumerate(LADDER.items(), 51):
        tiers = [{"lowerBound": "0.0", "maxLeverage": most}]
        if name == "BTC":
            tiers.append({"lowerBound": f"{SECOND[0]}.0", "maxLeverage": SECOND[1]})
        tables.append([number, {"description": "", "marginTiers": tiers}])
    prices = [
        {"markPx": str(marks.get(name, 1)), "funding": f"{FUNDING:.7f}", "oraclePx": "1.0"}
        for name in LADDER
    ]
    return [{"universe": coins, "marginTables": tables}, prices]


def kept(coin, worth):
    """Return the maintenance margin, by the docs: worth over twice the leverage, less a step."""
    if coin == "BTC" and worth > SECOND[0]:
        low, high = 1 / (2 * LADDER[coin]), 1 / (2 * SECOND[1])
        return worth * high - SECOND[0] * (high - low)
    return worth / (2 * LADDER[coin])


def account(cash, legs, marks):
    """Return an account whose legs (coin, size, entry) share its cash, with the docs' formulas."""
    worth = {coin: abs(size) * marks[coin] for coin, size, _ in legs}
    value = cash + sum(size * marks[coin] for coin, size, _ in legs)
    needed = sum(kept(coin, worth[coin]) for coin, _, _ in legs)
    rows = []
    for coin, size, entry in legs:
        side = 1 if size > 0 else -1
        share = 1 / (2 * (SECOND[1] if coin == "BTC" and worth[coin] > SECOND[0] else LADDER[coin]))
        price = marks[coin] - side * (value - needed) / abs(size) / (1 - share * side)
        rows.append(
            {
                "position": {
                    "coin": coin,
                    "entryPx": str(entry),
                    "leverage": {"type": "cross", "value": 10},
                    "liquidationPx": f"{price:.8f}" if price > 0 else None,
                    "positionValue": f"{worth[coin]:.6f}",
                    "szi": str(size),
                },
                "type": "oneWay",
            }
        )
    summary = {"accountValue": f"{value:.6f}", "totalRawUsd": f"{cash:.6f}"}
    return {
        "assetPositions": rows,
        "crossMaintenanceMarginUsed": f"{needed:.6f}",
        "crossMarginSummary": summary,
        "marginSummary": summary,
        "time": TIME,
    }


class Exchange:
    """The server; ``answers`` by the type of a request may be changed between tests."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[dict] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def shows(self, state, marks) -> None:
        self.answers = {
            "clearinghouseState": state,
            "metaAndAssetCtxs": market(marks),
            "perpDexs": [None],
            "spotClearinghouseState": {"balances": []},
        }

    def found(self, asked: dict) -> object:
        """Return the answer to a request; one about an exchange that has its own comes first."""
        dex = asked.get("dex")
        return self.answers.get(f"{asked['type']} {dex}" if dex else asked["type"])

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(exchange: Exchange) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            exchange.asked.append(asked)
            found = exchange.found(asked)
            body = b"Failed to deserialize" if found is None else json.dumps(found).encode()
            self.send_response(422 if found is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
