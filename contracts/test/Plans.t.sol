// SPDX-License-Identifier: MIT
// Settlement under plans that ask for utilities: the lower half of Settle.tree.
pragma solidity 0.8.37;

import {Claim, IMarket, Plan, Record, Tally, Terms} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Reference} from "./Reference.sol";

contract PlansTest is Fixture {
    function test_proportionalWeighsByTheUtility() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Proportional, 3);
        Claim[] memory owed = settledWith(cast, rounds, one(30, 10, 0));
        uint256 shared = pool(cast) * 3 / 10;
        assertApproxEqAbs(share(cast, owed, 0x007), shared * 3 / 4, 3);
        assertApproxEqAbs(share(cast, owed, 0x038), shared / 4, 3);
        assertEq(share(cast, owed, 0x1c0), 0);
    }

    function test_proportionalTakesNegativeUtilitiesForZero() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Proportional, 3);
        Claim[] memory owed = settledWith(cast, rounds, one(type(int32).min, 1, type(int32).max));
        assertEq(share(cast, owed, 0x007), 0);
        assertApproxEqAbs(share(cast, owed, 0x1c0), pool(cast) * 3 / 10, 10);
    }

    function test_rankWeighsByThePlaceAndTiesShareTheMean() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Rank, 3);
        uint256 before = vm.snapshotState();
        uint256 shared = pool(cast) * 3 / 10;
        Claim[] memory owed = settledWith(cast, rounds, one(-7, 900, 2));
        assertApproxEqAbs(share(cast, owed, 0x007), shared / 6, 3);
        assertApproxEqAbs(share(cast, owed, 0x038), shared * 3 / 6, 3);
        assertApproxEqAbs(share(cast, owed, 0x1c0), shared * 2 / 6, 3);
        vm.revertToState(before);
        owed = settledWith(cast, rounds, one(5, 5, -1));
        assertApproxEqAbs(share(cast, owed, 0x007), shared * 5 / 12, 3);
        assertApproxEqAbs(share(cast, owed, 0x038), shared * 5 / 12, 3);
        assertApproxEqAbs(share(cast, owed, 0x1c0), shared * 2 / 12, 3);
    }

    function test_weighsAllAlikeWhenEveryWeightIsZero() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Proportional, 3);
        Claim[] memory owed = settledWith(cast, rounds, one(0, -5, 0));
        assertApproxEqAbs(share(cast, owed, 0x007), pool(cast) / 10, 3);
    }

    function test_revertsWhenEpochsOrCohortsAreTooFewOrTooMany() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Rank, 4);
        refused(cast, rounds, new int32[][](1), countInvalid(1, 2));
        refused(cast, rounds, new int32[][](3), countInvalid(3, 2));
        refused(cast, rounds, new int32[][](0), countInvalid(0, 2));
        int32[][] memory utilities = new int32[][](2);
        utilities[0] = new int32[](3);
        refused(cast, rounds, utilities, countInvalid(0, 3));
        utilities[1] = new int32[](4);
        refused(cast, rounds, utilities, countInvalid(4, 3));
        utilities[1] = new int32[](3);
        settle(cast, rounds, utilities);
    }

    function test_revertsWhenACohortThatWasNotOpenedHasAUtility() public {
        Cast memory cast = ready(Plan.Proportional);
        Tally[] memory rounds = new Tally[](2);
        Record memory record = inThree(cast, 2);
        record.survivors = 0x03f;
        rounds[0] = commit(cast, commitmentFor(cast, record));
        record = inThree(cast, 5);
        record.survivors = 0x1f8;
        rounds[1] = commit(cast, commitmentFor(cast, record));
        int32[][] memory utilities = new int32[][](2);
        utilities[0] = three(1, 2, 0);
        utilities[1] = three(0, 2, 3);
        utilities[0][2] = 1;
        refused(cast, rounds, utilities, abi.encodeWithSelector(IMarket.UtilityOfAbsentCohort.selector, 0, 2));
        utilities[0][2] = 0;
        utilities[1][0] = -1;
        refused(cast, rounds, utilities, abi.encodeWithSelector(IMarket.UtilityOfAbsentCohort.selector, 1, 0));
        utilities[1][0] = 0;
        Claim[] memory owed = settledWith(cast, rounds, utilities);
        uint256 shared = pool(cast) * 2 / 10;
        assertApproxEqAbs(share(cast, owed, 0x007), shared / 8, 3);
        assertApproxEqAbs(share(cast, owed, 0x038), shared * 4 / 8, 3);
    }

    function test_revertsWhenAStrangerBringsUtilities() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Rank, 3);
        vm.warp(uint256(statusOf(idOf(cast.terms)).deadline) + 1);
        vm.expectRevert(countInvalid(1, 0));
        settleAs(STRANGER, cast, rounds, one(1, 2, 3));
        settleAs(STRANGER, cast, rounds);
        bytes32 root = Reference.rootOf(cast.terms.token, claimsOf(cast, rounds, 0, true));
        assertEq(market.task(idOf(cast.terms)).root, root);
    }

    function test_revertsWhenTheModelProviderBringsUtilitiesUnderEqual() public {
        (Cast memory cast, Tally[] memory rounds) = played(Plan.Equal, 3);
        refused(cast, rounds, one(1, 2, 3), countInvalid(1, 0));
        settle(cast, rounds);
    }

    /// @dev All of the rounds 1 to `count`, in three cohorts of three.
    function played(Plan plan, uint256 count) private returns (Cast memory cast, Tally[] memory rounds) {
        cast = ready(plan);
        rounds = new Tally[](count);
        for (uint256 i = 0; i < count; ++i) {
            rounds[i] = commit(cast, commitmentFor(cast, inThree(cast, uint8(i + 1))));
        }
    }

    /// @dev Nine who gave the same, without floors.
    function ready(Plan plan) private returns (Cast memory cast) {
        Terms memory terms = termsFor(9, 4);
        (terms.plan, terms.maxCohorts) = (plan, 3);
        cast = castFor(terms, 9, 4);
        for (uint256 seat = 0; seat < 9; ++seat) {
            (cast.datas[seat].floor, cast.datas[seat].samples) = (0, 100);
        }
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    function inThree(Cast memory cast, uint8 round) private view returns (Record memory record) {
        record = recordFor(cast, round);
        record.cohorts = new uint256[](3);
        (record.cohorts[0], record.cohorts[1], record.cohorts[2]) = (0x007, 0x038, 0x1c0);
    }

    function settledWith(Cast memory cast, Tally[] memory rounds, int32[][] memory utilities)
        private
        returns (Claim[] memory owed)
    {
        settle(cast, rounds, utilities);
        owed = claimsOf(cast, rounds, utilities, 0, false);
        assertEq(market.task(idOf(cast.terms)).root, Reference.rootOf(cast.terms.token, owed));
    }

    function share(Cast memory cast, Claim[] memory owed, uint256 seats) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < cast.datas.length; ++i) {
            if ((seats >> i) & 1 == 1) sum += owed[i].amount;
        }
    }

    function pool(Cast memory cast) private pure returns (uint256) {
        return cast.terms.dataPool;
    }

    function one(int32 a, int32 b, int32 c) private pure returns (int32[][] memory utilities) {
        utilities = new int32[][](1);
        utilities[0] = three(a, b, c);
    }

    function three(int32 a, int32 b, int32 c) private pure returns (int32[] memory list) {
        list = new int32[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function countInvalid(uint256 utilities, uint256 expected) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.UtilityCountInvalid.selector, utilities, expected);
    }

    function refused(
        Cast memory cast,
        Tally[] memory rounds,
        int32[][] memory utilities,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        settle(cast, rounds, utilities);
    }
}
