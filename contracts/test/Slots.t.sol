// SPDX-License-Identifier: MIT
// Storage does not grow with data providers.
pragma solidity 0.8.37;

import {Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract SlotsTest is Fixture {
    function test_C8_slotsWrittenAreIndependentOfParticipants() public {
        uint256 few = slotsOfAWholeTask(3, 3);
        setUp();
        uint256 many = slotsOfAWholeTask(60, 3);
        assertEq(few, many);
        assertLe(few, 5 + 3, "five slots a task, one deposit a compute seat");
    }

    function slotsOfAWholeTask(uint256 datas, uint256 computes) private returns (uint256) {
        Cast memory cast = castFor(datas, computes);
        token.mint(modelProvider, 1e10);
        vm.record();
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Tally[] memory tallies = commitMany(cast, 2);
        settle(cast, tallies);
        openClaims(cast);
        market.claim(cast.terms, claimsOf(cast, tallies, 0, false));
        (, bytes32[] memory writes) = vm.accesses(address(market));
        return distinct(writes);
    }

    function distinct(bytes32[] memory slots) private pure returns (uint256 count) {
        for (uint256 i = 0; i < slots.length; ++i) {
            bool seen = false;
            for (uint256 j = 0; j < i && !seen; ++j) {
                seen = slots[j] == slots[i];
            }
            if (!seen) ++count;
        }
    }
}
