// SPDX-License-Identifier: MIT
// Run by test/vectors/random.test.ts: computes again what TypeScript drew and computed.
pragma solidity 0.8.37;

import {Script} from "forge-std/Script.sol";

import {Recomputation} from "../Recomputation.sol";

contract Recompute is Script {
    /// @param folder Has one settlement in each of `count` files, named by their seeds from `first` on.
    function run(string calldata folder, uint256 first, uint256 count, address market) external {
        Recomputation recomputation = new Recomputation();
        for (uint256 seed = first; seed < first + count; ++seed) {
            string memory json = vm.readFile(string.concat(folder, "/", vm.toString(seed), ".json"));
            recomputation.check(json, "", market);
        }
    }
}
