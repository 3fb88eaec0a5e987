// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

struct MarketParams {
    address loanToken;
    address collateralToken;
    address oracle;
    address irm;
    uint256 lltv;
}

struct MarketState {
    uint128 totalSupplyAssets;
    uint128 totalSupplyShares;
    uint128 totalBorrowAssets;
    uint128 totalBorrowShares;
    uint128 lastUpdate;
    uint128 fee;
}

interface MorphoBlue {
    function supply(MarketParams memory, uint256, uint256, address, bytes memory)
        external
        returns (uint256, uint256);
    function withdraw(MarketParams memory, uint256, uint256, address, address)
        external
        returns (uint256, uint256);
    function accrueInterest(MarketParams memory) external;
    function market(bytes32) external view returns (MarketState memory);
    function position(bytes32, address) external view returns (uint256, uint128, uint128);
    function idToMarketParams(bytes32) external view returns (MarketParams memory);
}

/// A vault over markets of Morpho Blue that shows what MetaMorpho shows a reader: its queues, the
/// configuration of each market, its fee and curator. Written for these tests from the interface.
contract QueueVault is ERC4626 {
    struct MarketConfig {
        uint184 cap;
        bool enabled;
        uint64 removableAt;
    }

    MorphoBlue public immutable MORPHO;
    address public immutable curator;
    uint96 public constant fee = 0;
    bytes32[] public supplyQueue;
    bytes32[] public withdrawQueue;
    mapping(bytes32 => MarketConfig) public config;

    constructor(IERC20 asset_, address morpho, string memory name_, string memory symbol_)
        ERC20(name_, symbol_)
        ERC4626(asset_)
    {
        MORPHO = MorphoBlue(morpho);
        curator = msg.sender;
        asset_.approve(morpho, type(uint256).max);
    }

    function addMarket(bytes32 id, uint184 cap) external {
        config[id] = MarketConfig(cap, true, 0);
        supplyQueue.push(id);
        withdrawQueue.push(id);
    }

    function supplyQueueLength() external view returns (uint256) {
        return supplyQueue.length;
    }

    function withdrawQueueLength() external view returns (uint256) {
        return withdrawQueue.length;
    }

    function totalAssets() public view override returns (uint256 total) {
        for (uint256 at; at < withdrawQueue.length; at++) total += supplied(withdrawQueue[at]);
    }

    /// As stored: interest since the last update of the market is not in it.
    function supplied(bytes32 id) internal view returns (uint256) {
        (uint256 shares,,) = MORPHO.position(id, address(this));
        MarketState memory state = MORPHO.market(id);
        return shares * (state.totalSupplyAssets + 1) / (state.totalSupplyShares + 1e6);
    }

    function _decimalsOffset() internal view override returns (uint8) {
        uint8 units = ERC20(asset()).decimals();
        return units >= 18 ? 0 : 18 - units;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares)
        internal
        override
    {
        super._deposit(caller, receiver, assets, shares);
        for (uint256 at; at < supplyQueue.length && assets > 0; at++) {
            bytes32 id = supplyQueue[at];
            uint256 there = supplied(id);
            uint256 room = there >= config[id].cap ? 0 : config[id].cap - there;
            uint256 part = room < assets ? room : assets;
            if (part == 0) continue;
            MORPHO.supply(MORPHO.idToMarketParams(id), part, 0, address(this), "");
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
            bytes32 id = withdrawQueue[at];
            MarketParams memory terms = MORPHO.idToMarketParams(id);
            MORPHO.accrueInterest(terms);
            MarketState memory state = MORPHO.market(id);
            uint256 part = state.totalSupplyAssets - state.totalBorrowAssets;
            if (part > supplied(id)) part = supplied(id);
            if (part > left) part = left;
            if (part == 0) continue;
            MORPHO.withdraw(terms, part, 0, address(this), address(this));
            left -= part;
        }
        require(left == 0, "NotEnoughLiquidity");
        super._withdraw(caller, receiver, owner, assets, shares);
    }
}
