"""One edit of the base system for each rule it must keep: the place, the message, the help."""

from tests.model.examples import GONE

RECEIPT = {"kind": "share", "supply": "1M"}
LOAN = {"market": "lend", "collateral": {"xUSD": "1"}, "debt": {"USDC": "0"}}
WHAT = "asset or token of this system"

RULES = [
    # names
    (
        ("assets.a b", {"price": "$1"}),
        "assets/a b",
        "`a b`: an id is letters, digits and . _ + -",
        "any other text goes into `label`",
    ),
    (
        ("assets.outside", {"price": "$1"}),
        "assets/outside",
        "`outside` is a word of the language and cannot be an id",
    ),
    (
        ("oracles.market", {"kind": "market"}),
        "oracles/market",
        "`market` is a word of the language and cannot be an id",
    ),
    (
        ("markets.ETH", {"rules": "pooled", "lends": {"USDC": {"cash": "0"}}}),
        "markets/ETH",
        "`ETH` names two parts: an asset (assets/ETH) and a market (markets/ETH)",
        "an id is unique in the system; `label` takes any text",
    ),
    (
        ("issuers.Stable.issues.Fund", RECEIPT),
        "issuers/Stable/issues/Fund",
        "`Fund` names two parts: an issuer (issuers/Fund) and a token (issuers/Stable/issues/Fund)",
        "an id is unique in the system; `label` takes any text",
    ),
    # sources
    (
        ("assets.ETH.price", "$3_000 @sene"),
        "assets/ETH/price",
        "`@sene` is not under `sources:`",
        "did you mean seen?",
    ),
    (
        ("markets.lend.source", "nobody"),
        "markets/lend/source",
        "`@nobody` is not under `sources:`",
        "known here: guess, seen",
    ),
    (
        ("issuers.Stream.pays", ["debts @nobody", "xUSD"]),
        "issuers/Stream/pays/0",
        "`@nobody` is not under `sources:`",
        "known here: guess, seen",
    ),
    # prices
    (
        ("assets.wstETH.price", "1.2 ETHH"),
        "assets/wstETH/price",
        f"`ETHH` is no {WHAT}",
        "did you mean ETH?",
    ),
    (
        ("assets.ETH.price", "0.8 wstETH"),
        "assets/ETH/price",
        "the price of `ETH` leads back to itself",
        "give one of them in dollars",
    ),
    (
        ("issuers.Stable.issues.deUSD.par", "1 deUSD"),
        "issuers/Stable/issues/deUSD/par",
        "the price of `deUSD` leads back to itself",
        "give one of them in dollars",
    ),
    (
        ("issuers.Stream.issues.xUSD.book_price", "1.2667 xUSD"),
        "issuers/Stream/issues/xUSD/book_price",
        "the price of `xUSD` leads back to itself",
        "give one of them in dollars",
    ),
    # oracles and liquidity
    (
        ("oracles.cap", {"kind": "capped", "cap": "$1", "base": "cap"}),
        "oracles/cap/base",
        "the base of `cap` leads back to itself",
        "one of them reads `market`, `nav` or a fixed price",
    ),
    (
        ("oracles.fixed.of", "xUSDCC"),
        "oracles/fixed/of",
        f"`xUSDCC` is no {WHAT}",
        "did you mean xUSD?",
    ),
    (
        ("oracles.cap", {"kind": "capped", "cap": "$1", "base": "fixd"}),
        "oracles/cap/base",
        "`fixd` is no oracle of this system",
        "did you mean fixed?",
    ),
    (
        ("liquidity.deep.into", "USDCC"),
        "liquidity/deep/into",
        f"`USDCC` is no {WHAT}",
        "did you mean USDC?",
    ),
    (
        ("assets.ETH.liquidity", "deeep"),
        "assets/ETH/liquidity",
        "`deeep` is no liquidity of this system",
        "did you mean deep?",
    ),
    # issuers
    (
        ("issuers.Fund.owns.xUSDCC", "3M"),
        "issuers/Fund/owns/xUSDCC",
        "`xUSDCC` is no asset, token or market of this system",
        "did you mean xUSD?",
    ),
    (
        ("issuers.Fund.owns.pool", "1%"),
        "issuers/Fund/owns/pool",
        "`pool` lends several tokens",
        "write pool/USDC or pool/ETH",
    ),
    (
        ("issuers.Fund.owns.Fund", "1"),
        "issuers/Fund/owns/Fund",
        "`Fund` is a token of Fund itself: in its own wallet it does not exist",
        "leave it out; what is pledged stands under `positions`",
    ),
    (
        ("issuers.Fund.owns.USDC", "3M deUSD"),
        "issuers/Fund/owns/USDC",
        "USDC: `3M deUSD` is in deUSD, and stands under USDC",
    ),
    (
        ("issuers.Stream.owes", {"Fnd": "$5M"}),
        "issuers/Stream/owes/Fnd",
        "`Fnd` is no issuer of this system",
        "did you mean Fund?",
    ),
    (
        ("issuers.Stream.owes.note", {"to": "Fnd", "amount": "$5M"}),
        "issuers/Stream/owes/note/to",
        "`Fnd` is no issuer of this system",
        "did you mean Fund?",
    ),
    (("issuers.Stream.owes.Stream", "$5M"), "issuers/Stream/owes/Stream", "Stream owes itself"),
    (
        ("issuers.Stream.owes.outside", "5M USDCC"),
        "issuers/Stream/owes/outside",
        f"`USDCC` is no {WHAT}",
        "did you mean USDC?",
    ),
    (
        ("issuers.Stream.set_off", {"Stabel": {"pledged": "void"}}),
        "issuers/Stream/set_off/Stabel",
        "`Stabel` is no issuer of this system",
        "did you mean Stable?",
    ),
    (
        ("issuers.Stream.feeds", {"lendd": {"up_to": "1", "at_utilisation": "90%"}}),
        "issuers/Stream/feeds/lendd",
        "`lendd` is no market of this system",
        "did you mean lend?",
    ),
    (
        ("issuers.Stable.issues.deUSD.supply", "0"),
        "issuers/Stable/issues/deUSD/supply",
        "supply: a token without supply has no price",
        "leave the token out",
    ),
    # who is paid first
    (
        ("issuers.Stream.pays", GONE),
        "issuers/Stream",
        "Stream has 3 claims on it and does not say who is paid first",
        "add `pays: [debts, xUSD]` (first to last; [a, b] inside shares equally)",
    ),
    (
        ("issuers.Stable.issues.junior", RECEIPT),
        "issuers/Stable",
        "Stable has 2 claims on it and does not say who is paid first",
        "add `pays: [deUSD, junior]` (first to last; [a, b] inside shares equally)",
    ),
    (
        ("issuers.Stream.pays", ["Fund", "xUSD"]),
        "issuers/Stream/pays",
        "Stream: `pays` does not say when outside is paid",
        "name every claim once, first to last",
    ),
    (
        ("issuers.Stream.pays", ["debts", "xUSDCC"]),
        "issuers/Stream/pays/1",
        "`xUSDCC` is no claim on Stream",
        "did you mean xUSD?",
    ),
    (
        ("issuers.Stream.pays", ["xUSD", "debts"]),
        "issuers/Stream/pays/0",
        "Stream: `xUSD` is what is left: it is paid last",
    ),
    (
        ("issuers.Stream.pays", [["debts", "xUSD"]]),
        "issuers/Stream/pays/0",
        "Stream: `xUSD` is what is left: it is paid last",
    ),
    (
        ("issuers.Stream.pays", ["debts", "xUSD", "equity"]),
        "issuers/Stream/pays/1",
        "Stream: `xUSD` is what is left: it is paid last",
    ),
    (
        ("issuers.Stream.pays", ["debts", ["xUSD", "equity"]]),
        "issuers/Stream/pays",
        "Stream: `equity` is what is left, and so is xUSD",
        "leave `equity` out",
    ),
    # markets
    (
        ("markets.pool.lends.USDCC", {"cash": "1"}),
        "markets/pool/lends/USDCC",
        f"`USDCC` is no {WHAT}",
        "did you mean USDC?",
    ),
    (
        ("markets.lend.collateral.xUSDCC", {"lltv": "86%", "oracle": "market"}),
        "markets/lend/collateral/xUSDCC",
        f"`xUSDCC` is no {WHAT}",
        "did you mean xUSD?",
    ),
    (
        ("markets.lend.collateral.xUSD.oracle", "fixd"),
        "markets/lend/collateral/xUSD/oracle",
        "`fixd` is no oracle of this system",
        "did you mean fixed?",
    ),
    (
        ("markets.pool.e_modes.eth.borrows", ["ETHH"]),
        "markets/pool/e_modes/eth/borrows/0",
        "`ETHH` is no token that pool lends",
        "did you mean ETH?",
    ),
    (
        ("venues.exchange.haircut", {"USDCC": "5%"}),
        "venues/exchange/haircut/USDCC",
        f"`USDCC` is no {WHAT}",
        "did you mean USDC?",
    ),
    # positions
    (
        ("positions.pledge.owner", "Steam"),
        "positions/pledge/owner",
        "`Steam` is no issuer of this system",
        "did you mean Stream?",
    ),
    (
        ("positions.pledge.market", "lendd"),
        "positions/pledge/market",
        "`lendd` is no market of this system",
        "did you mean lend?",
    ),
    (
        ("positions.pledge.collateral", {"ETH": "3"}),
        "positions/pledge/collateral/ETH",
        "`ETH` is no collateral of lend",
        "known here: xUSD",
    ),
    (
        ("positions.pledge.debt", {"ETH": "3"}),
        "positions/pledge/debt/ETH",
        "`ETH` is no token that lend lends",
        "known here: USDC",
    ),
    (
        ("positions.loop.e_mode", "ethh"),
        "positions/loop/e_mode",
        "`ethh` is no e-mode of pool",
        "did you mean eth?",
    ),
    (
        ("positions.loop.loop.equity", "100"),
        "positions/loop/loop/equity",
        "equity: pool takes 2 collaterals, and this names none",
        "write `equity: 100 wstETH`",
    ),
    (
        ("positions.loop.loop.equity", "100 USDC"),
        "positions/loop/loop/equity",
        "`USDC` is no collateral of pool",
        "known here: deUSD, wstETH",
    ),
    (
        ("positions.leg.venue", "exchang"),
        "positions/leg/venue",
        "`exchang` is no venue of this system",
        "did you mean exchange?",
    ),
    (
        ("positions.leg.short", "10 ETHH"),
        "positions/leg/short",
        f"`ETHH` is no {WHAT}",
        "did you mean ETH?",
    ),
    (
        ("positions.leg.margin", {"USDCC": "1"}),
        "positions/leg/margin/USDCC",
        f"`USDCC` is no {WHAT}",
        "did you mean USDC?",
    ),
    (
        (
            "positions.many",
            {
                "market": "pool",
                "table": "t.csv",
                "rows": "2",
                "sha256": "sha256:0",
                "totals": {"debt/USDCC": "1"},
            },
        ),
        "positions/many/totals/debt/USDCC",
        "`debt/USDCC` is no column of its table",
        "did you mean debt/USDC?",
    ),
    # sums
    (
        ("issuers.Fund.owns.xUSD", "99%"),
        "issuers/Stream/issues/xUSD/supply",
        "xUSD: 204_960_000 are held and pledged inside this system, more than the supply of 204M",
        "supply counts what is pledged too",
    ),
    (
        ("markets.lend.lends.USDC.supplied", "4M"),
        "markets/lend/lends/USDC/supplied",
        "supplied: `4M` is not the cash of 1M and the listed debts of 2_000_000, together 3_000_000",
        "list the debts, or write `unlisted_debt: sound`",
    ),
    (
        ("issuers.Fund.owns.lend", "4M"),
        "issuers/Fund/owns/lend",
        "lend: 4_000_000 of the supply of lend are owned, more than the 3_000_000 there are",
    ),
    # the file
    (("vaults", {}), "vaults", "unknown key `vaults`", "here it is called issuers"),
    (("assets", "ETH"), "assets", "assets: a map is expected here, not `ETH`"),
    (("assets.ETH", ""), "assets/ETH", "ETH: a map is expected here, not nothing"),
    (("as_of", "yesterday"), "as_of", None),
    (("sources.seen.class", "sure"), "sources/seen/class", None),
    # copies
    (
        (
            "issuers.Stream.issues.xUSD",
            {
                "kind": "share",
                "supply": "204M",
                "copies": {"ethereum": {"supply": "120M"}, "base": {"supply": "90M"}},
                "shortfall_borne_by": "all",
            },
        ),
        "issuers/Stream/issues/xUSD/copies",
        "xUSD: 210_000_000 are locked for its copies, more than the supply of 204M",
        "what no bridge holds is unbacked: write `locked`",
    ),
    (
        ("issuers.Stream.issues.xUSD.shortfall_borne_by", "all"),
        "issuers/Stream/issues/xUSD/shortfall_borne_by",
        "shortfall_borne_by: this token has no copies that could bear one",
        "leave it out, or list its `copies`",
    ),
    (
        ("positions.pledge.owner", "outside"),
        "positions/pledge/owner",
        "`outside` is no issuer of this system",
        "leave `owner` out: the owner is then somebody outside",
    ),
]
