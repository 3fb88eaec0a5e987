// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface Answers {
    function latestAnswer() external view returns (int256);
    function decimals() external view returns (uint8);
}

/// Who has enabled which vaults, by sub-account: an owner has the 256 that differ in the last byte.
contract Evc {
    mapping(address => address[]) private collaterals;
    mapping(address => address[]) private controllers;

    function enable(address account, address[] calldata pledged, address[] calldata owed) external {
        require(bytes19(bytes20(account)) == bytes19(bytes20(msg.sender)), "NotAuthorized");
        (collaterals[account], controllers[account]) = (pledged, owed);
    }

    function getCollaterals(address account) external view returns (address[] memory) {
        return collaterals[account];
    }

    function getControllers(address account) external view returns (address[] memory) {
        return controllers[account];
    }
}

/// A price by a feed, in 18 decimals of the unit.
contract FeedAdapter {
    string public constant name = "ChainlinkOracle";
    Answers public immutable feed;

    constructor(Answers feed_) {
        feed = feed_;
    }

    function getQuote(uint256 amount, address base, address)
        public
        view
        virtual
        returns (uint256)
    {
        uint256 below = 10 ** (uint256(ERC20(base).decimals()) + feed.decimals());
        return amount * uint256(feed.latestAnswer()) * 1e18 / below;
    }
}

interface Rounds {
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

/// A price by a feed, which is refused once the feed has not answered for some time.
contract AgedAdapter is FeedAdapter {
    uint256 public immutable maxStaleness;

    constructor(Answers feed_, uint256 maxStaleness_) FeedAdapter(feed_) {
        maxStaleness = maxStaleness_;
    }

    function getQuote(uint256 amount, address base, address quote)
        public
        view
        override
        returns (uint256)
    {
        (,,, uint256 updated,) = Rounds(address(feed)).latestRoundData();
        require(block.timestamp - updated <= maxStaleness, "PriceOracle_TooStale");
        return super.getQuote(amount, base, quote);
    }
}

/// A price by two others, of which the second is of the token between.
contract CrossAdapter {
    string public constant name = "CrossAdapter";
    FeedAdapter public immutable oracleBaseCross;
    FeedAdapter public immutable oracleCrossQuote;
    address public immutable cross;

    constructor(FeedAdapter first, FeedAdapter second, address cross_) {
        (oracleBaseCross, oracleCrossQuote, cross) = (first, second, cross_);
    }

    function getQuote(uint256 amount, address base, address quote) external view returns (uint256) {
        amount = oracleBaseCross.getQuote(amount, base, cross);
        return oracleCrossQuote.getQuote(amount, cross, quote);
    }
}

/// A price that nothing moves.
contract FixedAdapter {
    string public constant name = "FixedRateOracle";
    uint256 public immutable rate;

    constructor(uint256 rate_) {
        rate = rate_;
    }

    function getQuote(uint256 amount, address base, address) external view returns (uint256) {
        return amount * rate / 10 ** ERC20(base).decimals();
    }
}

/// Sends a question for a price to an adapter, after opening vaults.
contract Router {
    mapping(address => address) public resolvedVaults;
    mapping(address => mapping(address => address)) public getConfiguredOracle;

    function openVault(EVault vault) external {
        resolvedVaults[address(vault)] = vault.asset();
    }

    function setOracle(address base, address quote, address adapter) external {
        getConfiguredOracle[base][quote] = adapter;
    }

    function resolveOracle(uint256 amount, address base, address quote)
        public
        view
        returns (uint256, address, address, address)
    {
        if (base == quote) return (amount, base, quote, address(0));
        address adapter = getConfiguredOracle[base][quote];
        if (adapter != address(0)) return (amount, base, quote, adapter);
        address inside = resolvedVaults[base];
        require(inside != address(0), "PriceOracle_NotSupported");
        return resolveOracle(EVault(base).convertToAssets(amount), inside, quote);
    }

    function getQuote(uint256 amount, address base, address quote) public view returns (uint256) {
        address adapter;
        (amount, base, quote, adapter) = resolveOracle(amount, base, quote);
        return base == quote ? amount : FeedAdapter(adapter).getQuote(amount, base, quote);
    }
}

/// A vault with what Euler v2 shows a reader: cash and debts that grow by the second, a debt in
/// parts of 2^31, LTVs by collateral vault with ramps, liquidity in the unit of account. Written
/// for these tests from the interface; what changes it is simpler than the original.
contract EVault is ERC20 {
    using SafeERC20 for IERC20;

    struct Ltv {
        uint16 borrowLTV;
        uint16 liquidationLTV;
        uint16 initialLiquidationLTV;
        uint48 targetTimestamp;
        uint32 rampDuration;
    }

    uint256 private constant RAY = 1e27;
    uint256 private constant PARTS = 1 << 31;
    address public immutable asset;
    Evc public immutable EVC;
    Router public immutable oracle;
    address public immutable unitOfAccount;
    uint256 public cash;
    uint72 public interestRate;
    uint16 public maxLiquidationDiscount = 1500;
    uint32 public configFlags;
    mapping(address => Ltv) public LTVFull;
    address[] private listed;
    mapping(address => uint256) private owed;
    mapping(address => uint256) private at;
    uint256 private index = RAY;
    uint256 private allOwed;
    uint256 private updated = block.timestamp;

    constructor(address asset_, Evc evc, Router router, address unit, string memory symbol_)
        ERC20(symbol_, symbol_)
    {
        (asset, EVC, oracle, unitOfAccount) = (asset_, evc, router, unit);
    }

    function decimals() public view override returns (uint8) {
        return ERC20(asset).decimals();
    }

    function setRate(uint72 bySecond) external {
        settle();
        interestRate = bySecond;
    }

    function setFlags(uint32 flags) external {
        configFlags = flags;
    }

    function setLTV(address vault, uint16 borrow_, uint16 liquidation, uint32 ramp) external {
        uint16 before = LTVLiquidation(vault);
        if (LTVFull[vault].targetTimestamp == 0) listed.push(vault);
        LTVFull[vault] = Ltv(borrow_, liquidation, before, uint48(block.timestamp + ramp), ramp);
    }

    function LTVList() external view returns (address[] memory) {
        return listed;
    }

    function LTVBorrow(address vault) public view returns (uint16) {
        return LTVFull[vault].borrowLTV;
    }

    function LTVLiquidation(address vault) public view returns (uint16) {
        Ltv memory one = LTVFull[vault];
        bool done = block.timestamp >= one.targetTimestamp;
        if (done || one.liquidationLTV >= one.initialLiquidationLTV) return one.liquidationLTV;
        uint256 above = one.initialLiquidationLTV - one.liquidationLTV;
        uint256 left = one.targetTimestamp - block.timestamp;
        return uint16(one.liquidationLTV + above * left / one.rampDuration);
    }

    function totalBorrows() public view returns (uint256) {
        return up(allOwed * interestAccumulator() / index);
    }

    function totalAssets() public view returns (uint256) {
        return cash + totalBorrows();
    }

    function interestAccumulator() public view returns (uint256) {
        uint256 base = RAY + interestRate;
        uint256 power = RAY;
        for (uint256 left = block.timestamp - updated; left > 0; left >>= 1) {
            if (left & 1 == 1) power = power * base / RAY;
            base = base * base / RAY;
        }
        return index * power / RAY;
    }

    function debtOf(address account) public view returns (uint256) {
        if (owed[account] == 0) return 0;
        return up(owed[account] * interestAccumulator() / at[account]);
    }

    function convertToAssets(uint256 shares) public view returns (uint256) {
        return shares * (totalAssets() + 1e6) / (totalSupply() + 1e6);
    }

    function convertToShares(uint256 assets) public view returns (uint256) {
        return assets * (totalSupply() + 1e6) / (totalAssets() + 1e6);
    }

    function accountLiquidity(address account, bool liquidation)
        public
        view
        returns (uint256 collateral, uint256 liability)
    {
        address[] memory pledged = EVC.getCollaterals(account);
        for (uint256 i; i < pledged.length; i++) {
            uint256 ltv = liquidation ? LTVLiquidation(pledged[i]) : LTVBorrow(pledged[i]);
            uint256 shares = ltv == 0 ? 0 : IERC20(pledged[i]).balanceOf(account);
            if (shares == 0) continue;
            collateral += oracle.getQuote(shares, pledged[i], unitOfAccount) * ltv / 1e4;
        }
        liability = oracle.getQuote(debtOf(account), asset, unitOfAccount);
    }

    function deposit(uint256 assets, address account) external {
        settle();
        uint256 shares = convertToShares(assets);
        IERC20(asset).safeTransferFrom(msg.sender, address(this), assets);
        cash += assets;
        _mint(account, shares);
    }

    function withdraw(uint256 assets, address account) external {
        settle();
        _burn(account, assets * (totalSupply() + 1e6) / (totalAssets() + 1e6) + 1);
        cash -= assets;
        IERC20(asset).safeTransfer(msg.sender, assets);
    }

    function borrow(uint256 assets, address account) external {
        change(account, debtOf(account) + assets);
        cash -= assets;
        (uint256 collateral, uint256 liability) = accountLiquidity(account, false);
        require(collateral > liability, "E_AccountLiquidity");
        IERC20(asset).safeTransfer(msg.sender, assets);
    }

    function repay(uint256 assets, address account) external {
        IERC20(asset).safeTransferFrom(msg.sender, address(this), assets);
        cash += assets;
        change(account, debtOf(account) - assets);
    }

    function settle() public {
        uint256 now_ = interestAccumulator();
        allOwed = allOwed * now_ / index;
        (index, updated) = (now_, block.timestamp);
    }

    function change(address account, uint256 assets) private {
        settle();
        uint256 before = at[account] == 0 ? 0 : owed[account] * index / at[account];
        (owed[account], at[account]) = (assets * PARTS, index);
        allOwed = allOwed + assets * PARTS - before;
    }

    function up(uint256 parts) private pure returns (uint256) {
        return (parts + PARTS - 1) / PARTS;
    }
}
