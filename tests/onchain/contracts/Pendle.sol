// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// A standardized yield token of Pendle around shares of a vault: one for one, without rewards.
contract SplitShare is ERC20 {
    using SafeERC20 for IERC20;

    ERC4626 public immutable vault;
    uint8 public kind;

    constructor(ERC4626 vault_, string memory name_, string memory symbol_) ERC20(name_, symbol_) {
        vault = vault_;
    }

    /// 0: the asset is a token; 1: it is liquidity, which is no token.
    function setKind(uint8 kind_) external {
        kind = kind_;
    }

    function decimals() public view override returns (uint8) {
        return vault.decimals();
    }

    function deposit(address to, address token, uint256 amount, uint256) external returns (uint256) {
        require(token == address(vault));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _mint(to, amount);
        return amount;
    }

    function exchangeRate() external view returns (uint256) {
        return vault.convertToAssets(1e18);
    }

    function yieldToken() external view returns (address) {
        return address(vault);
    }

    function assetInfo() external view returns (uint8, address, uint8) {
        return (kind, vault.asset(), ERC20(vault.asset()).decimals());
    }

    function claimRewards(address) external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    function rewardIndexesCurrent() external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    function getRewardTokens() external pure returns (address[] memory) {
        return new address[](0);
    }
}

/// Stands where Pendle's gauges stand: nothing is paid.
contract NoGauges {
    address public immutable pendle;

    constructor(address pendle_) {
        pendle = pendle_;
    }

    function redeemMarketReward() external {}
}

interface Dated {
    function expiry() external view returns (uint256);
}

interface Answering {
    function latestAnswer() external view returns (int256);
    function decimals() external view returns (uint8);
}

/// A price of principal with the getters of Aave's adapter: the asset's price less a discount.
contract PrincipalDiscount {
    address public immutable PENDLE_PRINCIPAL_TOKEN;
    address public immutable ASSET_TO_USD_AGGREGATOR;
    uint256 public immutable MATURITY;
    uint64 public immutable discountRatePerYear;
    uint8 public immutable decimals;

    constructor(address principal, address asset, uint64 rate) {
        PENDLE_PRINCIPAL_TOKEN = principal;
        ASSET_TO_USD_AGGREGATOR = asset;
        MATURITY = Dated(principal).expiry();
        discountRatePerYear = rate;
        decimals = Answering(asset).decimals();
    }

    function latestAnswer() external view returns (int256) {
        uint256 left = MATURITY > block.timestamp ? MATURITY - block.timestamp : 0;
        uint256 discount = left * discountRatePerYear / 365 days;
        int256 asset = Answering(ASSET_TO_USD_AGGREGATOR).latestAnswer();
        return asset * int256(1e18 - discount) / 1e18;
    }
}
