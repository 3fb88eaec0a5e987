// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Id, IMorpho, Market, MarketParams} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {MorphoBalancesLib} from
    "@morpho-org/morpho-blue/src/libraries/periphery/MorphoBalancesLib.sol";

/// A vault over markets of Morpho Blue with what MetaMorpho shows a reader: queues, the
/// configuration of each market, a fee in shares, what can be paid out and taken in. Written for
/// these tests from the interface; the balances are by Morpho's own library.
contract QueueVault is ERC4626 {
    using MorphoBalancesLib for IMorpho;

    struct MarketConfig {
        uint184 cap;
        bool enabled;
        uint64 removableAt;
    }

    IMorpho public immutable MORPHO;
    address public immutable curator;
    address public feeRecipient;
    uint96 public fee;
    uint256 public lastTotalAssets;
    Id[] public supplyQueue;
    Id[] public withdrawQueue;
    mapping(Id => MarketConfig) public config;

    constructor(IERC20 asset_, address morpho, string memory name_, string memory symbol_)
        ERC20(name_, symbol_)
        ERC4626(asset_)
    {
        MORPHO = IMorpho(morpho);
        curator = msg.sender;
        asset_.approve(morpho, type(uint256).max);
    }

    function addMarket(Id id, uint184 cap) external {
        config[id] = MarketConfig(cap, true, 0);
        supplyQueue.push(id);
        withdrawQueue.push(id);
    }

    function setCap(Id id, uint184 cap) external {
        config[id].cap = cap;
    }

    function setQueues(Id[] calldata into, Id[] calldata outOf) external {
        supplyQueue = into;
        withdrawQueue = outOf;
    }

    function setFee(uint96 part, address to) external {
        settle();
        (fee, feeRecipient) = (part, to);
    }

    function supplyQueueLength() external view returns (uint256) {
        return supplyQueue.length;
    }

    function withdrawQueueLength() external view returns (uint256) {
        return withdrawQueue.length;
    }

    function totalAssets() public view override returns (uint256) {
        return real() + lost();
    }

    function maxWithdraw(address owner) public view override returns (uint256 paid) {
        uint256 claim = _convertToAssets(balanceOf(owner), Math.Rounding.Floor);
        for (uint256 at; at < withdrawQueue.length; at++) {
            uint256 part = payable_(withdrawQueue[at]);
            paid += part < claim - paid ? part : claim - paid;
        }
    }

    function maxDeposit(address) public view override returns (uint256 room) {
        for (uint256 at; at < supplyQueue.length; at++) room += room_(supplyQueue[at]);
    }

    function withdraw(uint256 assets, address receiver, address owner)
        public
        override
        returns (uint256 shares)
    {
        settle();
        shares = previewWithdraw(assets);
        _withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// Losses that the book does not show: none, they lower it.
    function lost() internal view virtual returns (uint256) {
        return 0;
    }

    function settle() internal virtual {
        (uint256 shares, uint256 total) = owedFee();
        if (shares != 0) _mint(feeRecipient, shares);
        lastTotalAssets = total;
    }

    /// What it has in its markets, with the interest up to now.
    function real() internal view returns (uint256 total) {
        for (uint256 at; at < withdrawQueue.length; at++) {
            MarketParams memory terms = MORPHO.idToMarketParams(withdrawQueue[at]);
            total += MORPHO.expectedSupplyAssets(terms, address(this));
        }
    }

    function owedFee() internal view returns (uint256 shares, uint256 total) {
        total = totalAssets();
        if (total <= lastTotalAssets || fee == 0) return (0, total);
        uint256 assets = Math.mulDiv(total - lastTotalAssets, fee, 1e18);
        uint256 parts = totalSupply() + 10 ** _decimalsOffset();
        shares = Math.mulDiv(assets, parts, total - assets + 1);
    }

    function payable_(Id id) internal view returns (uint256 part) {
        MarketParams memory terms = MORPHO.idToMarketParams(id);
        (uint256 supplied,, uint256 borrowed,) = MORPHO.expectedMarketBalances(terms);
        uint256 here = IERC20(asset()).balanceOf(address(MORPHO));
        part = MORPHO.expectedSupplyAssets(terms, address(this));
        if (part > supplied - borrowed) part = supplied - borrowed;
        if (part > here) part = here;
    }

    /// Rounded up, so that a cap is never passed.
    function room_(Id id) internal view returns (uint256) {
        uint256 cap = config[id].cap;
        MarketParams memory terms = MORPHO.idToMarketParams(id);
        (uint256 assets, uint256 shares,,) = MORPHO.expectedMarketBalances(terms);
        uint256 mine = MORPHO.position(id, address(this)).supplyShares;
        uint256 there = Math.mulDiv(mine, assets + 1, shares + 1e6, Math.Rounding.Ceil);
        return there < cap ? cap - there : 0;
    }

    function _decimalsOffset() internal view override returns (uint8) {
        uint8 units = ERC20(asset()).decimals();
        return units >= 18 ? 0 : 18 - units;
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding)
        internal
        view
        override
        returns (uint256)
    {
        (uint256 more, uint256 total) = owedFee();
        uint256 parts = totalSupply() + more + 10 ** _decimalsOffset();
        return Math.mulDiv(shares, total + 1, parts, rounding);
    }

    function _convertToShares(uint256 assets, Math.Rounding rounding)
        internal
        view
        override
        returns (uint256)
    {
        (uint256 more, uint256 total) = owedFee();
        uint256 parts = totalSupply() + more + 10 ** _decimalsOffset();
        return Math.mulDiv(assets, parts, total + 1, rounding);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares)
        internal
        override
    {
        settle();
        super._deposit(caller, receiver, assets, shares);
        lastTotalAssets += assets;
        for (uint256 at; at < supplyQueue.length && assets > 0; at++) {
            uint256 part = room_(supplyQueue[at]);
            if (part > assets) part = assets;
            if (part == 0) continue;
            MORPHO.supply(MORPHO.idToMarketParams(supplyQueue[at]), part, 0, address(this), "");
            assets -= part;
        }
        require(assets == 0, "AllCapsReached");
    }

    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    ) internal override {
        uint256 left = assets;
        for (uint256 at; at < withdrawQueue.length && left > 0; at++) {
            uint256 part = payable_(withdrawQueue[at]);
            if (part > left) part = left;
            if (part == 0) continue;
            MarketParams memory terms = MORPHO.idToMarketParams(withdrawQueue[at]);
            MORPHO.withdraw(terms, part, 0, address(this), address(this));
            left -= part;
        }
        require(left == 0, "NotEnoughLiquidity");
        lastTotalAssets = lastTotalAssets > assets ? lastTotalAssets - assets : 0;
        super._withdraw(caller, receiver, owner, assets, shares);
    }
}

/// The later release: a loss never lowers its book, it is remembered beside it.
contract LossKeepingVault is QueueVault {
    uint256 public lostAssets;

    constructor(IERC20 asset_, address morpho, string memory name_, string memory symbol_)
        QueueVault(asset_, morpho, name_, symbol_)
    {}

    function lost() internal view override returns (uint256) {
        uint256 now_ = real();
        return now_ < lastTotalAssets - lostAssets ? lastTotalAssets - now_ : lostAssets;
    }

    function settle() internal override {
        uint256 more = lost();
        super.settle();
        lostAssets = more;
    }
}
