"""The Morpho vaults by hand: every allocation of 31 October 2025, and who can be paid from what.

The rows are those of the Morpho API, in whole USDC. They are not dated where they were found; the
sdeUSD rows and the totals are those of 31 October 00:00 to the dollar, which is how they are dated
here (`SDEUSD_31_OCTOBER` against the daily series). No engine and no file is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from tests.stream import independent as hand

HURT = ("MEV-USDC", "Relend-USDC", "Avantgarde-USDC", "V1337-USDC", "Adpend-USDC")

ROWS = {
    "MEV-USDC": {
        "srUSD": 99_980_337,
        "stcUSD": 49_349_145,
        "mF-ONE": 29_994_140,
        "mHYPER": 25_155_864,
        "PT-cUSD-29JAN2026": 19_998_184,
        "PT-cUSDO-20NOV2025": 15_413_916,
        "mMEV": 12_391_089,
        "PT-AIDaUSDC-30OCT2025": 10_000_056,
        "upUSDC": 6_873_785,
        "siUSD": 6_529_115,
        "PT-AIDaUSDT-30OCT2025": 4_962_636,
        "PT-reUSD-18DEC2025": 4_801_909,
        "reUSD": 4_775_082,
        "OETH": 3_439_734,
        "PT-mMEV-30OCT2025": 1_487_406,
        "PT-sUSDE-27NOV2025": 760_391,
    },
    "Relend-USDC": {
        "mF-ONE": 9_987_381,
        "srUSD": 9_947_559,
        "syrupUSDC": 4_790_743,
        "RLP": 2_951_511,
        "PWrUSDC-swell": 911_052,
        "USD0USD0++": 527_188,
        "slvlUSD": 266_708,
        "PWrUSDC-hyper": 199_960,
        "oBTC": 121_975,
        "PT-wsrUSD-30OCT2025": 100_425,
        "lvlUSD": 56_449,
        "USD0++": 30_867,
        "PT-syrupUSDC-28AUG2025": 24_596,
        "USDC-98": 14_958,
        "idle": 5_616,
        "PT-sUSDE-27NOV2025": 1_178,
        "sUSDEsUSDS": 713,
        "PT-eUSDE-14AUG2025": 1,
    },
    "Avantgarde-USDC": {
        "stcUSD": 2_500_956,
        "ETH+": 2_005_287,
        "srUSD": 1_699_370,
        "mMEV": 1_252_202,
        "RLP": 1_211_217,
        "mHYPER": 1_203_337,
        "yUSD": 1_202_958,
        "sUSDf": 1_069_058,
        "syrupUSDC": 182_173,
        "USD0USD0++": 150_856,
        "cbBTC": 95,
    },
    "Adpend-USDC": {
        "mHYPER": 1_499_772,
        "USD0USD0++": 218_632,
        "upUSDC": 131_265,
        "csUSDL": 47_622,
        "PT-slvlUSD-25SEP2025": 25_860,
        "PT-wstUSR-25SEP2025": 5_551,
    },
    "V1337-USDC": {
        "PT-mHYPER-20NOV2025": 191_303,
        "mF-ONE": 191_297,
        "Wrapped-LP-tUSDe-25SEP2025": 143_460,
        "mMEV": 143_453,
        "USD0USD0++": 143_453,
        "PT-AIDaUSDC-30OCT2025": 95_624,
        "upUSDC": 47_816,
    },
    "Smokehouse-USDC": {
        "srUSD": 112_523_273,
        "PT-cUSDO-20NOV2025": 42_911_999,
        "siUSD": 36_902_527,
        "syrupUSDC": 19_996_228,
        "mF-ONE": 14_366_423,
        "PT-syrupUSDC-30OCT2025": 1_942_432,
        "PT-siUSD-8JAN2026": 1_292_602,
        "wsrUSD": 1_218_794,
        "PT-iUSD-4DEC2025": 679_593,
        "PT-srUSDe-15JAN2026": 458_113,
        "wstUSR": 321_153,
        "sUSDe": 179_958,
        "PT-iUSD-4SEP2025": 29_254,
        "liUSD-1w": 6_420,
        "stUSD": 1_811,
        "USR": 1_184,
    },
    "Hyperithm-USDC": {
        "mHYPER": 49_989_681,
        "PT-mHYPER-20NOV2025": 19_996_714,
        "PT-srUSDe-15JAN2026": 16_755_970,
        "srUSD": 14_813_966,
        "Wrapped-LP-srUSDe-15JAN2026": 13_122_034,
        "PT-stcUSD-29JAN2026": 7_437_613,
        "syrupUSDC": 5_718_872,
        "Wrapped-LP-tUSDe-25SEP2025": 4_835_458,
        "jrUSDe": 4_399_591,
        "RLP": 3_089_391,
        "PT-cUSD-29JAN2026": 1_749_656,
        "Wrapped-LP-jrUSDe-15JAN2026": 922_086,
        "PT-AIDaUSDC-30OCT2025": 529_896,
        "PT-AIDaUSDT-30OCT2025": 239_953,
        "reUSD": 169_967,
        "fxSAVE": 89_982,
        "PT-alUSD-11DEC2025": 48_998,
    },
    "Frontier-USDC": {
        "RLP": 15_549_543,
        "PT-cUSD-29JAN2026": 10_001_704,
        "PT-stcUSD-29JAN2026": 10_001_180,
        "mF-ONE": 6_502_207,
        "ETH+": 6_363_601,
        "stcUSD": 6_270_555,
        "srUSD": 4_878_728,
        "AA_FalconXUSDC": 2_114_258,
        "PT-RLP-4DEC2025": 979_002,
        "PT-USDe-25SEP2025": 19_338,
        "PT-wstUSR-29JAN2026": 17_098,
        "wstUSR": 8_538,
        "PT-cUSDO-20NOV2025": 172,
    },
    "Gauntlet-Core-USDC": {
        "syrupUSDC": 11_095_589,
        "ETH+": 8_570_561,
        "PT-cUSDO-20NOV2025": 7_291_024,
        "RLP": 5_014_035,
        "srUSD": 4_998_982,
        "PT-RLP-4DEC2025": 1_907_599,
        "PT-syrupUSDC-30OCT2025": 924_623,
        "PT-slvlUSD-25SEP2025": 270_263,
        "wstUSR": 98_063,
        "PT-USR-4DEC2025": 74_207,
        "PT-wstUSR-25SEP2025": 72_554,
        "sUSDe": 47_271,
        "idle": 2_584,
        "PT-cUSDO-19JUN2025": 2_099,
        "stcUSD": 144,
        "EIGEN": 75,
        "PT-USDe-25SEP2025": 1,
    },
    "Hakutora-USDC": {
        "srUSD": 13_996_303,
        "cbBTC": 12_111_529,
        "RLP": 6_137_851,
    },
    "Duplicated-Key-USDC": {
        "USD0USD0++": 5_356,
        "sUSDf": 4_023,
        "fxSAVE": 4_021,
        "USD0++": 2_012,
        "PT-iUSD-4SEP2025": 1_620,
        "reUSD": 953,
        "PT-mEDGE-31JUL2025": 810,
        "mEDGE": 603,
        "RLP": 402,
        "ETH+": 373,
    },
    "Tanken-USDC": {
        "sUSDe": 2_033,
        "cbBTC": 1_801,
        "weETH": 1_569,
        "syrupUSDC": 1_183,
        "wstUSR": 1_029,
        "reUSD": 720,
        "PT-cUSDO-20NOV2025": 642,
        "PT-cUSD-29JAN2026": 642,
        "PT-USDe-27NOV2025": 440,
    },
}
"""Vault: market of another collateral, or `idle`: USDC supplied."""

SDEUSD_4_NOVEMBER = {
    "MEV-USDC": 2_592_674,
    "Relend-USDC": 4_424_443,
    "Avantgarde-USDC": 332_917,
    "Adpend-USDC": 449_538,
    "V1337-USDC": 239_743,
}
SDEUSD_31_OCTOBER = {
    "MEV-USDC": 2_817_620,
    "Relend-USDC": 4_412_143,
    "Avantgarde-USDC": 331_992,
    "V1337-USDC": 382_701,
    "Hyperithm-USDC": 14_849_698,
    "Tanken-USDC": 642,
}
DEBT_31_OCTOBER, SUPPLIED_31_OCTOBER = Fraction(23_486_617), Fraction(26_076_617)
TOTALS_31_OCTOBER = {
    "MEV-USDC": 298_730_410,
    "Relend-USDC": 34_351_022,
    "Avantgarde-USDC": 12_809_500,
    "Hyperithm-USDC": 158_759_526,
}
"""The dated totals of the same day, which the undated rows reach."""

NEIGHBOURS = tuple(vault for vault in ROWS if vault not in HURT)


def sizes() -> dict[str, int]:
    """What these vaults supply to each market, the largest first."""
    found: dict[str, int] = {}
    for rows in ROWS.values():
        for market, amount in rows.items():
            if market != "idle":
                found[market] = found.get(market, 0) + amount
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def at_hand() -> dict[str, Fraction]:
    """A tenth of every market, to the dollar, and what the sdeUSD market had on 4 November."""
    return {"sdeUSD": hand.ETH_CASH} | {m: Fraction(round(n / 10)) for m, n in sizes().items()}


def assets(vault: str, toxic: Mapping[str, int] = SDEUSD_4_NOVEMBER) -> Fraction:
    """Everything a vault holds."""
    return Fraction(sum(ROWS[vault].values()) + toxic.get(vault, 0))


def most(vault: str, toxic: Mapping[str, int], recovered: Fraction) -> Fraction:
    """Share of a vault that is gone when its part in the sdeUSD market is."""
    return toxic.get(vault, 0) * (1 - recovered) / assets(vault, toxic)


def _sources(vault: str, cash: Mapping[str, Fraction]) -> Iterator[tuple[str, Fraction]]:
    """What it can be paid from at once: its own cash, then markets up to what is idle there."""
    own = ROWS[vault] | {"sdeUSD": SDEUSD_4_NOVEMBER.get(vault, 0)}
    yield "idle", Fraction(own.get("idle", 0))
    for market, there in cash.items():
        yield market, min(there, Fraction(own.get(market, 0)))


def can_pay(vault: str, cash: Mapping[str, Fraction]) -> Fraction:
    """Share of its assets that a vault can pay out at once."""
    return sum((usd for _, usd in _sources(vault, cash)), Fraction(0)) / assets(vault)


def after_runs(
    asked: Mapping[str, Fraction], first: Sequence[str] = ()
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return what is left idle in each market, and the share of each vault's shares that got out.

    The vaults of ``first`` are served before the others, who come together: what a vault cannot pay
    from its own cash it asks of its markets in proportion to what it has there, and a market that
    is asked for more than it has pays all the same share.
    """
    cash, out = at_hand(), {}
    later = [vault for vault in asked if vault not in first]
    for group in (*([vault] for vault in first), later):
        want = {vault: asked[vault] * assets(vault) for vault in group}
        left = {v: max(Fraction(0), usd - ROWS[v].get("idle", 0)) for v, usd in want.items()}
        own = {v: dict(list(_supplied(v))) for v in group}
        while round_ := _asks(left, own, cash):
            for market in {market for _, market in round_}:
                wanted = sum(usd for (_, m), usd in round_.items() if m == market)
                share = min(Fraction(1), cash[market] / wanted)
                for (vault, m), usd in round_.items():
                    if m == market:
                        left[vault] -= usd * share
                        own[vault][m] -= usd * share
                cash[market] -= wanted * share
        out |= {v: asked[v] - left[v] / assets(v) for v in group}
    return cash, out


def _supplied(vault: str) -> Iterator[tuple[str, Fraction]]:
    rows = ROWS[vault] | {"sdeUSD": SDEUSD_4_NOVEMBER.get(vault, 0)}
    return ((market, Fraction(usd)) for market, usd in rows.items() if market != "idle" and usd)


def _asks(
    left: Mapping[str, Fraction],
    own: Mapping[str, Mapping[str, Fraction]],
    cash: Mapping[str, Fraction],
) -> dict[tuple[str, str], Fraction]:
    """What each vault asks of each market that still has something for it."""
    found = {}
    for vault, need in left.items():
        there = {m: usd for m, usd in own[vault].items() if usd and cash.get(m)}
        whole = sum(there.values())
        if need and whole:
            found |= {(vault, m): usd * min(Fraction(1), need / whole) for m, usd in there.items()}
    return found
