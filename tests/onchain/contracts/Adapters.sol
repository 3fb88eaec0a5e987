// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

interface Answering {
    function latestAnswer() external view returns (int256);
    function decimals() external view returns (uint8);
}

/// A price with the getters of Aave's adapters of staked tokens: a rate times the base's price, no
/// rate above a cap.
contract GrowingPrice {
    address public immutable BASE_TO_USD_AGGREGATOR;
    uint8 public constant RATIO_DECIMALS = 18;
    int256 public getRatio;
    int256 public cap;

    constructor(address base, int256 rate, int256 cap_) {
        BASE_TO_USD_AGGREGATOR = base;
        getRatio = rate;
        cap = cap_;
    }

    function decimals() external view returns (uint8) {
        return Answering(BASE_TO_USD_AGGREGATOR).decimals();
    }

    function latestAnswer() external view returns (int256) {
        int256 rate = getRatio < cap ? getRatio : cap;
        return Answering(BASE_TO_USD_AGGREGATOR).latestAnswer() * rate / 1e18;
    }
}

/// A price with the getters of Aave's adapters of stablecoins: cut at a cap.
contract CappedPrice {
    address public immutable ASSET_TO_USD_AGGREGATOR;
    int256 public immutable getPriceCap;

    constructor(address asset, int256 cap) {
        ASSET_TO_USD_AGGREGATOR = asset;
        getPriceCap = cap;
    }

    function decimals() external view returns (uint8) {
        return Answering(ASSET_TO_USD_AGGREGATOR).decimals();
    }

    function latestAnswer() external view returns (int256) {
        int256 price = Answering(ASSET_TO_USD_AGGREGATOR).latestAnswer();
        return price < getPriceCap ? price : getPriceCap;
    }
}

/// A price that never moves, as Aave has for its own coin: it names nothing that it reads.
contract FixedPrice {
    int256 public immutable latestAnswer;
    uint8 public constant decimals = 8;

    constructor(int256 price) {
        latestAnswer = price;
    }
}

interface Rated {
    function stEthPerToken() external view returns (uint256);
}

/// The rate of a wrapper with the functions of a feed: it counts no rounds and tells no time.
contract RateFeed {
    Rated private immutable wrapper;
    uint8 public constant decimals = 18;
    int256 public immutable more;

    constructor(Rated wrapper_, int256 more_) {
        wrapper = wrapper_;
        more = more_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (0, int256(wrapper.stEthPerToken()) + more, 0, 0, 0);
    }
}
