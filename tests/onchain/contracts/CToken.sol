// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// A market with what Compound v2 shows a reader: a token worth ever more of what it lends, a debt
/// that grows by the block, reserves of a tenth of the interest. Written for these tests from the
/// interface; what changes it is simpler than the original.
contract CToken is ERC20 {
    IERC20 public immutable underlying;
    address public immutable comptroller;
    uint256 public totalReserves;
    uint256 public accrualBlockNumber;
    uint256 private borrows;
    uint256 private index = 1e18;
    uint256 private constant RATE = 5e11;
    mapping(address => uint256) private principal;
    mapping(address => uint256) private since;

    constructor(IERC20 asset, string memory symbol_) ERC20(symbol_, symbol_) {
        (underlying, comptroller, accrualBlockNumber) = (asset, msg.sender, block.number);
    }

    function decimals() public pure override returns (uint8) {
        return 8;
    }

    function getCash() public view returns (uint256) {
        return underlying.balanceOf(address(this));
    }

    function exchangeRateStored() public view returns (uint256) {
        uint256 supply = totalSupply();
        if (supply == 0) return 2e14;
        return (getCash() + borrows - totalReserves) * 1e18 / supply;
    }

    function exchangeRateCurrent() external returns (uint256) {
        accrueInterest();
        return exchangeRateStored();
    }

    function totalBorrowsCurrent() external returns (uint256) {
        accrueInterest();
        return borrows;
    }

    function borrowBalanceStored(address user) public view returns (uint256) {
        return since[user] == 0 ? 0 : principal[user] * index / since[user];
    }

    function accrueInterest() public {
        uint256 factor = RATE * (block.number - accrualBlockNumber);
        uint256 interest = borrows * factor / 1e18;
        (borrows, totalReserves) = (borrows + interest, totalReserves + interest / 10);
        (index, accrualBlockNumber) = (index + index * factor / 1e18, block.number);
    }

    function mint(uint256 amount) external {
        accrueInterest();
        uint256 shares = amount * 1e18 / exchangeRateStored();
        underlying.transferFrom(msg.sender, address(this), amount);
        _mint(msg.sender, shares);
    }

    function borrow(uint256 amount) external {
        accrueInterest();
        (principal[msg.sender], since[msg.sender]) =
            (borrowBalanceStored(msg.sender) + amount, index);
        borrows += amount;
        underlying.transfer(msg.sender, amount);
    }
}
