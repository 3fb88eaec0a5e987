"""Small systems, as the tree of a file, for the tests of the model."""

import copy

BASE = {
    "sources": {
        "seen": {"class": "observed", "title": "a reading"},
        "guess": {"class": "assumed"},
    },
    "source": "guess",
    "assets": {
        "USDC": {"price": "$1 @seen"},
        "ETH": {"price": "$3_000", "tags": ["base"]},
        "wstETH": {"price": "1.2 ETH", "tags": ["lst"]},
    },
    "oracles": {"fixed": {"kind": "fixed", "price": "$1.2667"}},
    "issuers": {
        "Stream": {
            "outside": {"fund": "$700M"},
            "owns": {"USDC": "5M"},
            "owes": {"Fund": "$20M", "outside": "$500M"},
            "issues": {"xUSD": {"kind": "share", "supply": "204M", "book_price": "$1.2667"}},
            "pays": ["debts", "xUSD"],
        },
        "Fund": {
            "owns": {"lend": "1M", "USDC": "3M", "xUSD": "10%"},
            "issues": {"Fund": {"kind": "share", "supply": "4M"}},
        },
        "Stable": {
            "outside": {"bank": "$90M"},
            "issues": {"deUSD": {"kind": "par", "par": "$1", "supply": "100M"}},
        },
    },
    "markets": {
        "lend": {
            "rules": "morpho-blue",
            "source": "seen",
            "lends": {"USDC": {"cash": "1M", "supplied": "3M"}},
            "collateral": {"xUSD": {"lltv": "86%", "oracle": "fixed"}},
        },
        "pool": {
            "rules": "aave-v3.3",
            "lends": {"USDC": {"cash": "9M"}, "ETH": {"cash": "100"}},
            "collateral": {
                "wstETH": {"ltv": "78%", "lltv": "81%", "incentive": "6%", "oracle": "market"},
                "deUSD": {"ltv": "70%", "lltv": "75%", "incentive": "8%", "oracle": "nav"},
            },
            "e_modes": {
                "eth": {
                    "borrows": ["ETH"],
                    "collateral": {
                        "wstETH": {"lltv": "95%", "incentive": "1%", "oracle": "market"}
                    },
                }
            },
        },
    },
    "venues": {"exchange": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "2%"}},
    "positions": {
        "pledge": {
            "market": "lend",
            "owner": "Stream",
            "collateral": {"xUSD": "3M"},
            "debt": {"USDC": "2M"},
        },
        "loop": {
            "market": "pool",
            "e_mode": "eth",
            "loop": {"equity": "100 wstETH", "ltv": "90%"},
        },
        "leg": {
            "venue": "exchange",
            "owner": "Fund",
            "short": "10 ETH",
            "entry": "$3_000",
            "margin": {"USDC": "6_000"},
        },
    },
    "liquidity": {
        "deep": {"of": "ETH", "into": "USDC", "curve": {"kind": "linear", "depth": "$1M"}}
    },
}

GONE = object()


def tree(*edits):
    """Return the base tree with edits: (path, value), where GONE removes."""
    changed = copy.deepcopy(BASE)
    for path, content in edits:
        *above, last = path.split(".")
        node = changed
        for key in above:
            node = node.setdefault(key, {})
        if content is GONE:
            del node[last]
        else:
            node[last] = content
    return changed
