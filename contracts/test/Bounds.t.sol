// SPDX-License-Identifier: MIT
// The largest tasks that can be created can be settled: in the gas (EIP-7825) and the bytes of one transaction.
pragma solidity 0.8.37;

import {IMarket, Parties, Plan, Record, Tally, Terms} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract BoundsGasTest is Fixture {
    uint256 private constant MOST_GAS = 16_777_216;
    uint256 private constant MOST_BYTES = 128 * 1024;

    /// forge-config: default.isolate = true
    function test_manyProvidersInSevenCohorts() public {
        settleLargest(239, 68, 7, Plan.Rank);
    }

    /// forge-config: default.isolate = true
    function test_manyRoundsOfOneCohort() public {
        settleLargest(64, 255, 1, Plan.Equal);
    }

    /// forge-config: default.isolate = true
    function test_manyCohorts() public {
        settleLargest(96, 40, 32, Plan.Rank);
    }

    function settleLargest(uint256 datas, uint8 rounds, uint8 cohorts, Plan plan) private {
        Terms memory terms = termsFor(datas, 16);
        (terms.maxRounds, terms.paidRounds, terms.maxCohorts, terms.plan) = (rounds, rounds, cohorts, plan);
        (terms.jobKilounits, terms.computePool) = (type(uint32).max, 1e24);
        Cast memory cast = castFor(terms, datas, 16);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        assertLt(vm.lastCallGas().gasTotalUsed, MOST_GAS, "start");
        Tally[] memory tallies = new Tally[](rounds);
        for (uint256 i = 0; i < rounds; ++i) {
            Record memory record = recordFor(cast, uint8(i + 1));
            record.cohorts = dealt(datas, cohorts);
            record.jobs = type(uint256).max;
            tallies[i] = commit(cast, commitmentFor(cast, record));
        }
        int32[][] memory utilities = utilitiesOf(terms);
        Parties memory parties = Parties(cast.computes, cast.datas);
        uint256 size = abi.encodeCall(IMarket.settle, (cast.terms, parties, tallies, utilities)).length;
        assertLt(size, MOST_BYTES - 1024, "bytes, less an envelope");
        settle(cast, tallies, utilities);
        assertLt(vm.lastCallGas().gasTotalUsed, MOST_GAS, "settle");
    }

    /// @notice Seats dealt round robin, so that every word of a bitmap has many bits.
    function dealt(uint256 datas, uint256 count) private pure returns (uint256[] memory cohorts) {
        cohorts = new uint256[](count);
        for (uint256 seat = 0; seat < datas; ++seat) {
            cohorts[seat % count] |= 1 << seat;
        }
    }

    function utilitiesOf(Terms memory terms) private pure returns (int32[][] memory utilities) {
        if (terms.plan == Plan.Equal) return utilities;
        utilities = new int32[][]((uint256(terms.maxRounds) - 1) / terms.roundsPerEpoch + 1);
        for (uint256 e = 0; e < utilities.length; ++e) {
            utilities[e] = new int32[](terms.maxCohorts);
            for (uint256 c = 0; c < terms.maxCohorts; ++c) {
                utilities[e][c] = int32(int256(uint256(keccak256(abi.encode(e, c))) % 20_000)) - 10_000;
            }
        }
    }
}
