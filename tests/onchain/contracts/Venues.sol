// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface Feed {
    function latestAnswer() external view returns (int256);
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
    function decimals() external view returns (uint8);
}

/// A venue that swaps at the value of the feeds, out of its own balance.
contract ValueSwap {
    using SafeERC20 for IERC20;

    mapping(address => address) public feed;

    function setFeed(address token, address source) external {
        feed[token] = source;
    }

    function quote(address from, address to, uint256 amount) public view returns (uint256) {
        uint256 paid = amount * uint256(Feed(feed[from]).latestAnswer());
        uint256 above = 10 ** (uint256(Feed(feed[to]).decimals()) + ERC20(to).decimals());
        uint256 below = 10 ** (uint256(Feed(feed[from]).decimals()) + ERC20(from).decimals());
        return paid * above / (uint256(Feed(feed[to]).latestAnswer()) * below);
    }

    function swap(address from, address to, uint256 amount) external returns (uint256 got) {
        got = quote(from, to, amount);
        IERC20(from).safeTransferFrom(msg.sender, address(this), amount);
        IERC20(to).safeTransfer(msg.sender, got);
    }
}

/// An oracle with the getters of MorphoChainlinkOracleV2: a vault's rate, a base and a quote feed.
contract FeedOracle {
    address public immutable BASE_VAULT;
    uint256 public immutable BASE_VAULT_CONVERSION_SAMPLE;
    address public immutable BASE_FEED_1;
    address public immutable QUOTE_FEED_1;
    address public constant BASE_FEED_2 = address(0);
    address public constant QUOTE_FEED_2 = address(0);
    address public constant QUOTE_VAULT = address(0);
    uint256 public constant QUOTE_VAULT_CONVERSION_SAMPLE = 1;
    uint256 public immutable SCALE_FACTOR;

    constructor(address vault, address base, address quote, uint256 baseUnits, uint256 quoteUnits) {
        BASE_VAULT = vault;
        BASE_VAULT_CONVERSION_SAMPLE = vault == address(0) ? 1 : 10 ** ERC20(vault).decimals();
        BASE_FEED_1 = base;
        QUOTE_FEED_1 = quote;
        uint256 up = 36 + quoteUnits + (quote == address(0) ? 0 : Feed(quote).decimals());
        uint256 down = baseUnits + (base == address(0) ? 0 : Feed(base).decimals());
        SCALE_FACTOR = 10 ** (up - down) / BASE_VAULT_CONVERSION_SAMPLE;
    }

    function price() external view returns (uint256 rate) {
        rate = SCALE_FACTOR;
        if (BASE_VAULT != address(0)) {
            rate *= ERC4626(BASE_VAULT).convertToAssets(BASE_VAULT_CONVERSION_SAMPLE);
        }
        if (BASE_FEED_1 != address(0)) rate *= _answer(BASE_FEED_1);
        if (QUOTE_FEED_1 != address(0)) rate /= _answer(QUOTE_FEED_1);
    }

    function _answer(address feed) private view returns (uint256) {
        (, int256 answer,,,) = Feed(feed).latestRoundData();
        return uint256(answer);
    }
}
