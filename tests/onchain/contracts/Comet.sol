// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface RoundFeed {
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

/// A feed that reads another and says what it is of.
contract NamedFeed {
    RoundFeed public immutable underlyingPriceFeed;
    uint8 public constant decimals = 8;
    string public description;

    constructor(RoundFeed source, string memory about) {
        (underlyingPriceFeed, description) = (source, about);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return underlyingPriceFeed.latestRoundData();
    }
}

/// A market with what Compound III shows a reader: indices that grow by the second, balances as
/// principals, collateral with three factors, absorption and the sale of what was absorbed.
/// Written for these tests from the interface and its documentation.
contract Comet {
    using SafeERC20 for IERC20;

    struct AssetInfo {
        uint8 offset;
        address asset;
        address priceFeed;
        uint64 scale;
        uint64 borrowCollateralFactor;
        uint64 liquidateCollateralFactor;
        uint64 liquidationFactor;
        uint128 supplyCap;
    }

    struct TotalsBasic {
        uint64 baseSupplyIndex;
        uint64 baseBorrowIndex;
        uint64 trackingSupplyIndex;
        uint64 trackingBorrowIndex;
        uint104 totalSupplyBase;
        uint104 totalBorrowBase;
        uint40 lastAccrualTime;
        uint8 pauseFlags;
    }

    struct UserBasic {
        int104 principal;
        uint64 baseTrackingIndex;
        uint64 baseTrackingAccrued;
        uint16 assetsIn;
        uint8 reserved;
    }

    struct Balance {
        uint128 amount;
        uint128 reserved;
    }

    uint256 private constant FACTOR = 1e18;
    uint256 private constant INDEX = 1e15;
    string public constant name = "Compound USDC";
    string public constant symbol = "cUSDCv3";
    uint8 public constant decimals = 6;
    address public immutable baseToken;
    address public immutable baseTokenPriceFeed;
    uint256 public immutable baseScale;
    uint256 public immutable storeFrontPriceFactor;
    uint256 public constant baseBorrowMin = 1e6;
    uint256 public constant targetReserves = 1e13;
    TotalsBasic public totalsBasic;
    mapping(address => UserBasic) public userBasic;
    mapping(address => mapping(address => Balance)) public userCollateral;
    mapping(address => Balance) public totalsCollateral;
    AssetInfo[] private assets;

    constructor(address base, address feed, uint256 scale, uint256 storefront) {
        (baseToken, baseTokenPriceFeed) = (base, feed);
        (baseScale, storeFrontPriceFactor) = (scale, storefront);
        totalsBasic.baseSupplyIndex = totalsBasic.baseBorrowIndex = uint64(INDEX);
        totalsBasic.lastAccrualTime = uint40(block.timestamp);
    }

    function addAsset(AssetInfo memory info) external {
        info.offset = uint8(assets.length);
        assets.push(info);
    }

    function numAssets() external view returns (uint8) {
        return uint8(assets.length);
    }

    function getAssetInfo(uint8 at) public view returns (AssetInfo memory) {
        require(at < assets.length, "BadAsset");
        return assets[at];
    }

    function getPrice(address feed) public view returns (uint256) {
        (, int256 answer,,,) = RoundFeed(feed).latestRoundData();
        require(answer > 0, "BadPrice");
        return uint256(answer);
    }

    function getUtilization() public view returns (uint256) {
        TotalsBasic memory t = totalsBasic;
        uint256 supplied = uint256(t.totalSupplyBase) * t.baseSupplyIndex / INDEX;
        uint256 borrowed = uint256(t.totalBorrowBase) * t.baseBorrowIndex / INDEX;
        return supplied == 0 ? 0 : borrowed * FACTOR / supplied;
    }

    /// By the second, kinked at 90 %.
    function getSupplyRate(uint256 used) public pure returns (uint64) {
        return rate(used, 0, 1_000_000_000, 60_000_000_000);
    }

    function getBorrowRate(uint256 used) public pure returns (uint64) {
        return rate(used, 475_000_000, 1_100_000_000, 110_000_000_000);
    }

    function totalSupply() public view returns (uint256) {
        (uint256 index,) = indices();
        return totalsBasic.totalSupplyBase * index / INDEX;
    }

    function totalBorrow() public view returns (uint256) {
        (, uint256 index) = indices();
        return totalsBasic.totalBorrowBase * index / INDEX;
    }

    function balanceOf(address account) external view returns (uint256) {
        int256 value = presentValue(userBasic[account].principal);
        return value > 0 ? uint256(value) : 0;
    }

    function borrowBalanceOf(address account) external view returns (uint256) {
        int256 value = presentValue(userBasic[account].principal);
        return value < 0 ? uint256(-value) : 0;
    }

    function getReserves() external view returns (int256) {
        uint256 cash = IERC20(baseToken).balanceOf(address(this));
        return int256(cash) - int256(totalSupply()) + int256(totalBorrow());
    }

    function getCollateralReserves(address asset) public view returns (uint256) {
        return IERC20(asset).balanceOf(address(this)) - totalsCollateral[asset].amount;
    }

    function isBorrowCollateralized(address account) external view returns (bool) {
        return liquidity(account, false) >= 0;
    }

    function isLiquidatable(address account) public view returns (bool) {
        return liquidity(account, true) < 0;
    }

    function quoteCollateral(address asset, uint256 paid) public view returns (uint256) {
        AssetInfo memory info = infoOf(asset);
        uint256 discount = storeFrontPriceFactor * (FACTOR - info.liquidationFactor) / FACTOR;
        uint256 price = getPrice(info.priceFeed) * (FACTOR - discount) / FACTOR;
        return getPrice(baseTokenPriceFeed) * paid * info.scale / price / baseScale;
    }

    function supply(address asset, uint256 amount) external {
        accrueAccount(msg.sender);
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        if (asset == baseToken) return move(msg.sender, int256(amount));
        AssetInfo memory info = infoOf(asset);
        totalsCollateral[asset].amount += uint128(amount);
        require(totalsCollateral[asset].amount <= info.supplyCap, "SupplyCapExceeded");
        userCollateral[msg.sender][asset].amount += uint128(amount);
        userBasic[msg.sender].assetsIn |= uint16(1 << info.offset);
    }

    function withdraw(address asset, uint256 amount) external {
        accrueAccount(msg.sender);
        if (asset == baseToken) {
            move(msg.sender, -int256(amount));
        } else {
            totalsCollateral[asset].amount -= uint128(amount);
            userCollateral[msg.sender][asset].amount -= uint128(amount);
            if (userCollateral[msg.sender][asset].amount == 0) {
                userBasic[msg.sender].assetsIn &= ~uint16(1 << infoOf(asset).offset);
            }
        }
        require(liquidity(msg.sender, false) >= 0, "NotCollateralized");
        IERC20(asset).safeTransfer(msg.sender, amount);
    }

    function accrueAccount(address) public {
        (uint256 up, uint256 down) = indices();
        totalsBasic.baseSupplyIndex = uint64(up);
        totalsBasic.baseBorrowIndex = uint64(down);
        totalsBasic.lastAccrualTime = uint40(block.timestamp);
    }

    /// Takes all collateral of an account and credits it at its liquidation factor.
    function absorb(address account) external {
        accrueAccount(account);
        require(isLiquidatable(account), "NotLiquidatable");
        uint256 credit;
        for (uint8 at; at < assets.length; at++) {
            AssetInfo memory info = assets[at];
            uint128 seized = userCollateral[account][info.asset].amount;
            userCollateral[account][info.asset].amount = 0;
            totalsCollateral[info.asset].amount -= seized;
            uint256 value = seized * getPrice(info.priceFeed) / info.scale;
            credit += value * info.liquidationFactor / FACTOR;
        }
        userBasic[account].assetsIn = 0;
        int256 before = presentValue(userBasic[account].principal);
        int256 after_ = before + int256(credit * baseScale / getPrice(baseTokenPriceFeed));
        move(account, (after_ < 0 ? int256(0) : after_) - before);
    }

    function buyCollateral(address asset, uint256 least, uint256 paid, address to) external {
        IERC20(baseToken).safeTransferFrom(msg.sender, address(this), paid);
        uint256 sold = quoteCollateral(asset, paid);
        require(sold >= least && sold <= getCollateralReserves(asset), "TooMuch");
        IERC20(asset).safeTransfer(to, sold);
    }

    function rate(uint256 used, uint256 base, uint256 low, uint256 high)
        private
        pure
        returns (uint64)
    {
        uint256 kink = 9e17;
        if (used <= kink) return uint64(base + low * used / FACTOR);
        return uint64(base + low * kink / FACTOR + high * (used - kink) / FACTOR);
    }

    function indices() private view returns (uint256 up, uint256 down) {
        (up, down) = (totalsBasic.baseSupplyIndex, totalsBasic.baseBorrowIndex);
        uint256 passed = block.timestamp - totalsBasic.lastAccrualTime;
        if (passed == 0) return (up, down);
        uint256 used = getUtilization();
        up += up * (getSupplyRate(used) * passed) / FACTOR;
        down += down * (getBorrowRate(used) * passed) / FACTOR;
    }

    function presentValue(int104 principal) private view returns (int256) {
        (uint256 up, uint256 down) = indices();
        if (principal >= 0) return int256(uint256(int256(principal)) * up / INDEX);
        return -int256(uint256(-int256(principal)) * down / INDEX);
    }

    /// As stored: interest since the last accrual is not in it.
    function liquidity(address account, bool forLiquidation) private view returns (int256 left) {
        int256 principal = userBasic[account].principal;
        if (principal >= 0) return 0;
        left = principal * int256(uint256(totalsBasic.baseBorrowIndex)) / int256(INDEX);
        left = left * int256(getPrice(baseTokenPriceFeed)) / int256(baseScale);
        for (uint8 at; at < assets.length && left < 0; at++) {
            AssetInfo memory info = assets[at];
            uint256 value = userCollateral[account][info.asset].amount
                * getPrice(info.priceFeed) / info.scale;
            uint256 factor =
                forLiquidation ? info.liquidateCollateralFactor : info.borrowCollateralFactor;
            left += int256(value * factor / FACTOR);
        }
    }

    function infoOf(address asset) private view returns (AssetInfo memory) {
        for (uint256 at; at < assets.length; at++) {
            if (assets[at].asset == asset) return assets[at];
        }
        revert("BadAsset");
    }

    /// Changes a balance by an amount of base; a debt is rounded up, a claim down.
    function move(address account, int256 amount) private {
        int104 before = userBasic[account].principal;
        int256 value = presentValue(before) + amount;
        TotalsBasic memory t = totalsBasic;
        int104 now_ = value >= 0
            ? int104(value * int256(INDEX) / int256(uint256(t.baseSupplyIndex)))
            : -int104(int256((uint256(-value) * INDEX + t.baseBorrowIndex - 1) / t.baseBorrowIndex));
        userBasic[account].principal = now_;
        if (before > 0) totalsBasic.totalSupplyBase -= uint104(before);
        if (before < 0) totalsBasic.totalBorrowBase -= uint104(-before);
        if (now_ > 0) totalsBasic.totalSupplyBase += uint104(now_);
        if (now_ < 0) totalsBasic.totalBorrowBase += uint104(-now_);
    }
}
