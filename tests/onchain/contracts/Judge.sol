// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

struct Terms {
    address loanToken;
    address collateralToken;
    address oracle;
    address irm;
    uint256 lltv;
}

interface IMorphoBlue {
    function accrueInterest(Terms memory terms) external;
    function market(bytes32 id)
        external
        view
        returns (uint128, uint128, uint128, uint128, uint128, uint128);
    function position(bytes32 id, address user) external view returns (uint256, uint128, uint128);
    function liquidate(Terms memory, address user, uint256 seized, uint256 shares, bytes calldata)
        external
        returns (uint256, uint256);
    function repay(Terms memory, uint256 assets, uint256 shares, address user, bytes calldata)
        external
        returns (uint256, uint256);
}

interface IMintable {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
}

/// Asks Morpho Blue what it would do at once, for nothing but its answer.
contract Judge {
    IMorphoBlue private immutable morpho;

    constructor(IMorphoBlue morpho_) {
        morpho = morpho_;
    }

    /// The totals of a market with the interest up to now.
    function accrued(Terms memory terms, bytes32 id) external returns (uint256[4] memory totals) {
        morpho.accrueInterest(terms);
        (totals[0], totals[1], totals[2], totals[3],,) = morpho.market(id);
    }

    /// What it costs somebody else to repay all that an account owes.
    function debt(Terms memory terms, bytes32 id, address user) external returns (uint256 paid) {
        (, uint256 shares,) = morpho.position(id, user);
        if (shares == 0) return 0;
        _funded(terms.loanToken);
        (paid,) = morpho.repay(terms, 0, shares, user, "");
    }

    /// Why it does not let an account be liquidated, empty where it does.
    function refuses(Terms memory terms, address user) external returns (string memory) {
        _funded(terms.loanToken);
        try morpho.liquidate(terms, user, 1, 0, "") {
            return "";
        } catch Error(string memory why) {
            return why;
        }
    }

    /// What liquidating an account costs and brings: collateral to seize, or shares to repay.
    function liquidated(Terms memory terms, address user, uint256 seized, uint256 shares)
        external
        returns (uint256, uint256)
    {
        _funded(terms.loanToken);
        return morpho.liquidate(terms, user, seized, shares, "");
    }

    function _funded(address token) private {
        IMintable(token).mint(address(this), 1e30);
        IMintable(token).approve(address(morpho), type(uint256).max);
    }
}
