// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

interface Provider {
    function getPoolDataProvider() external view returns (Data);
    function getPriceOracle() external view returns (Prices);
}

interface Prices {
    function getAssetPrice(address asset) external view returns (uint256);
}

interface Data {
    function getUserReserveData(address asset, address user)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint40, bool);
    function getReserveConfigurationData(address asset)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256, bool, bool, bool, bool, bool);
}

struct Terms {
    uint16 ltv;
    uint16 threshold;
    uint16 bonus;
    address source;
    string label;
}

interface OlderPool {
    function ADDRESSES_PROVIDER() external view returns (Provider);
    function getReservesList() external view returns (address[] memory);
    function getUserEMode(address user) external view returns (uint256);
    function getEModeCategoryData(uint8 mode) external view returns (Terms memory);
    function getEModeCategoryCollateralBitmap(uint8 mode) external view returns (uint128);
}

/// A pool of v3.2 that tells the account of a user as releases since v3.5 do: a debt is valued by
/// rounding up, and thresholds are summed unrounded. Whatever else it is asked, the pool answers.
contract NewerPool {
    OlderPool private immutable pool;

    struct Sums {
        uint256 collateral;
        uint256 weighted;
        uint256 debt;
        uint256 threshold;
        uint256 inMode;
    }

    constructor(OlderPool pool_) {
        pool = pool_;
    }

    function getReserveDeficit(address) external pure returns (uint256) {
        return 0;
    }

    function getUserAccountData(address user)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256, uint256)
    {
        Sums memory sums;
        uint8 mode = uint8(pool.getUserEMode(user));
        if (mode != 0) {
            sums.threshold = pool.getEModeCategoryData(mode).threshold;
            sums.inMode = pool.getEModeCategoryCollateralBitmap(mode);
        }
        address[] memory assets = pool.getReservesList();
        for (uint256 i; i < assets.length; ++i) {
            _add(sums, assets[i], user, (sums.inMode >> i) & 1 == 1);
        }
        uint256 health = type(uint256).max;
        if (sums.debt != 0) health = (sums.weighted * 1e18 + sums.debt / 2) / sums.debt / 10_000;
        uint256 mean = sums.collateral == 0 ? 0 : sums.weighted / sums.collateral;
        return (sums.collateral, sums.debt, 0, mean, 0, health);
    }

    function _add(Sums memory sums, address asset, address user, bool inMode) private view {
        Provider provider = pool.ADDRESSES_PROVIDER();
        Data data = provider.getPoolDataProvider();
        uint256 price = provider.getPriceOracle().getAssetPrice(asset);
        (uint256 held, uint256 fixed_, uint256 owed,,,,,, bool pledged) =
            data.getUserReserveData(asset, user);
        (uint256 decimals,, uint256 threshold,,,,,,,) = data.getReserveConfigurationData(asset);
        if (pledged && threshold != 0) {
            uint256 worth = held * price / 10 ** decimals;
            sums.collateral += worth;
            sums.weighted += worth * (inMode ? sums.threshold : threshold);
        }
        uint256 unit = 10 ** decimals;
        sums.debt += ((fixed_ + owed) * price + unit - 1) / unit;
    }

    fallback() external {
        (bool done, bytes memory answer) = address(pool).staticcall(msg.data);
        require(done);
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}
