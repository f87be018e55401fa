// SPDX-License-Identifier: MIT
// What calls cost as transactions of their own, calldata included, into contracts/snapshots; and that storage does not
// grow with data providers (C8).
pragma solidity 0.8.37;

import {Claim, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract GasTest is Fixture {
    function test_C8_noSlotIsWrittenPerDataProvider() public {
        uint256 few = slotsOfAWholeTask(3, 3);
        setUp();
        uint256 many = slotsOfAWholeTask(60, 3);
        assertEq(few, many);
        assertLe(few, 5 + 3, "five slots a task, one deposit a compute seat");
    }

    /// forge-config: default.isolate = true
    function test_aTaskOf16And5Over10Rounds() public {
        measure("16+5x10", 16, 5, 10);
    }

    /// forge-config: default.isolate = true
    function test_aTaskOf64And5Over50Rounds() public {
        measure("64+5x50", 64, 5, 50);
    }

    function measure(string memory name, uint256 datas, uint256 computes, uint256 rounds) private {
        Cast memory cast = castFor(datas, computes);
        cast.terms.computePool = 1e18;
        sign(cast);
        create(cast.terms);
        vm.snapshotGasLastCall(name, "create");
        depositBonds(cast);
        start(cast);
        vm.snapshotGasLastCall(name, "start");
        Tally[] memory tallies = new Tally[](rounds);
        for (uint256 i = 0; i < rounds; ++i) {
            tallies[i] = commit(cast, uint8(i + 1));
        }
        vm.snapshotGasLastCall(name, "commitRound, 5 signatures");
        settle(cast, tallies);
        vm.snapshotGasLastCall(name, "settle");
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        Claim[] memory owed = claimsOf(cast, tallies, 0, false);
        claimOne(idOf(cast.terms), owed[0]);
        vm.snapshotGasLastCall(name, "claim, one");
        Claim[] memory batch = new Claim[](10);
        for (uint256 i = 0; i < 10; ++i) {
            batch[i] = owed[i + 1];
        }
        market.claim(idOf(cast.terms), address(token), batch);
        vm.snapshotGasLastCall(name, "claim, ten");
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
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        market.claim(idOf(cast.terms), address(token), claimsOf(cast, tallies, 0, false));
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
