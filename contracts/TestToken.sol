// SPDX-License-Identifier: MIT
// Money for trying things out. LOCAL CHAINS ONLY: anyone can make any amount of it, so it is worth nothing.
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A worthless token for local chains
/// @notice LOCAL CHAINS ONLY. Its constructor refuses every chain id but 31337.
contract TestToken is ERC20, ERC20Permit {
    error LocalChainsOnly(uint256 chainId);

    constructor() ERC20("Galaxy test token", "TEST") ERC20Permit("Galaxy test token") {
        require(block.chainid == 31337, LocalChainsOnly(block.chainid));
    }

    /// @notice Gives `amount` of nothing to `account`, whoever asks.
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}
