// SPDX-License-Identifier: MIT
// Run by test/vectors/random.test.ts: computes again what TypeScript drew and computed.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Recomputation} from "../Recomputation.sol";

contract RecomputeTest is Test {
    /// @dev GALAXY_FOLDER has one settlement in each of GALAXY_COUNT files, named by their seeds from GALAXY_SEED on.
    function test_solidityComputesWhatTypeScriptDid() public {
        Recomputation recomputation = new Recomputation();
        address market = vm.envAddress("GALAXY_MARKET");
        uint256 first = vm.envUint("GALAXY_SEED");
        uint256 count = vm.envUint("GALAXY_COUNT");
        for (uint256 seed = first; seed < first + count; ++seed) {
            string memory file = string.concat(vm.envString("GALAXY_FOLDER"), "/", vm.toString(seed), ".json");
            recomputation.checkFile(file, market);
        }
    }
}
