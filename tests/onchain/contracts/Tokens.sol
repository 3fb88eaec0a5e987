// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// A token that anybody may mint.
contract Token is ERC20 {
    uint8 private immutable units;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        units = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return units;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// A token whose metadata are those of the first years: words instead of strings.
contract OldToken {
    bytes32 public constant symbol = "OLD";
    bytes32 public constant name = "Old Token";
    uint256 public constant decimals = 18;
    uint256 public constant totalSupply = 1e24;
    mapping(address => uint256) public balanceOf;
}

/// A token that says nothing about itself, or lies: each answer is set as raw bytes.
contract OddToken {
    mapping(bytes4 => bytes) private answers;

    function answer(bytes4 selector, bytes calldata raw) external {
        answers[selector] = raw;
    }

    fallback() external {
        bytes memory raw = answers[msg.sig];
        require(raw.length != 0, "odd");
        assembly {
            return(add(raw, 32), mload(raw))
        }
    }
}

/// A wrapper with the read functions of wstETH; its rate is set by hand.
contract WrappedStake is Token {
    uint256 public stEthPerToken;
    address public immutable stETH;

    constructor(address staked, uint256 rate) Token("Wrapped staked Ether", "wstETH", 18) {
        stETH = staked;
        stEthPerToken = rate;
    }

    function setRate(uint256 rate) external {
        stEthPerToken = rate;
    }

    function tokensPerStEth() external view returns (uint256) {
        return 1e36 / stEthPerToken;
    }

    function getStETHByWstETH(uint256 amount) external view returns (uint256) {
        return amount * stEthPerToken / 1e18;
    }
}

/// A wrapper with the read functions of weETH; its rate is set by hand.
contract WrappedRestake is Token {
    uint256 public getRate;
    address public immutable eETH;

    constructor(address inner, uint256 rate) Token("Wrapped restaked Ether", "weETH", 18) {
        eETH = inner;
        getRate = rate;
    }

    function getEETHByWeETH(uint256 amount) external view returns (uint256) {
        return amount * getRate / 1e18;
    }
}

/// A token with the read functions of rETH: worth more of the chain's coin as time goes by.
contract PooledStake is Token {
    uint256 public immutable getExchangeRate;

    constructor(uint256 rate) Token("Pooled Ether", "rETH", 18) {
        getExchangeRate = rate;
    }

    function getEthValue(uint256 amount) external view returns (uint256) {
        return amount * getExchangeRate / 1e18;
    }
}

/// OpenZeppelin's vault as it is; yield is paid by sending the asset in.
contract Vault is ERC4626 {
    constructor(IERC20 asset_, string memory name_, string memory symbol_)
        ERC20(name_, symbol_)
        ERC4626(asset_)
    {}
}

/// A vault that keeps a part of its assets as shares of another vault: a receipt of a receipt.
contract NestedVault is ERC4626 {
    ERC4626 public immutable inner;

    constructor(ERC4626 inner_, string memory name_, string memory symbol_)
        ERC20(name_, symbol_)
        ERC4626(IERC20(inner_.asset()))
    {
        inner = inner_;
        IERC20(asset()).approve(address(inner_), type(uint256).max);
    }

    function invest(uint256 amount) external {
        inner.deposit(amount, address(this));
    }

    function totalAssets() public view override returns (uint256) {
        return super.totalAssets() + inner.convertToAssets(inner.balanceOf(address(this)));
    }
}

/// A vault that keeps its asset in markets. Claims are balances in the asset, or shares of vaults.
contract KeepingVault is ERC4626 {
    address[] private claims;
    address[] private shares;
    address public aToken;

    constructor(IERC20 asset_, string memory name_, string memory symbol_)
        ERC20(name_, symbol_)
        ERC4626(asset_)
    {}

    function keep(address claim, bool isShare) external {
        if (isShare) shares.push(claim);
        else claims.push(claim);
    }

    function say(address claim) external {
        aToken = claim;
    }

    function act(address to, bytes calldata data) external {
        (bool done,) = to.call(data);
        require(done, "refused");
    }

    function totalAssets() public view override returns (uint256 total) {
        total = super.totalAssets();
        for (uint256 at; at < claims.length; at++) {
            total += IERC20(claims[at]).balanceOf(address(this));
        }
        for (uint256 at; at < shares.length; at++) {
            ERC4626 share = ERC4626(shares[at]);
            total += share.convertToAssets(share.balanceOf(address(this)));
        }
    }
}
