// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Stands in for a protocol for one block, to say that many accounts have borrowed there.
contract Crowd {
    event Borrow(
        bytes32 indexed id,
        address caller,
        address indexed onBehalf,
        address indexed receiver,
        uint256 assets,
        uint256 shares
    );
    event Borrow(
        address indexed reserve,
        address user,
        address indexed onBehalfOf,
        uint256 amount,
        uint8 interestRateMode,
        uint256 borrowRate,
        uint16 indexed referralCode
    );

    function inMarket(bytes32 id, uint160 first, uint256 count) external {
        for (uint160 at = first; at < first + count; at++) {
            emit Borrow(id, address(at), address(at), address(at), 1, 1);
        }
    }

    function inReserve(address reserve, uint160 first, uint256 count) external {
        for (uint160 at = first; at < first + count; at++) {
            emit Borrow(reserve, address(at), address(at), 1, 2, 0, 0);
        }
    }
}
