// SPDX-License-Identifier: MIT
// Rounds, windows and scores bent to somebody's gain: Attacks.tree.
pragma solidity 0.8.37;

import {Claim, Commitment, IMarket, Plan, Record, State, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Reference} from "./Reference.sol";

contract AttacksRoundsTest is Fixture {
    function test_aCommitRacingASettlementNeverGoesUnpaid() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory one = commitMany(cast, 1);
        uint256 before = vm.snapshotState();

        commit(cast, 2);
        vm.expectRevert(abi.encodeWithSelector(IMarket.LogMismatch.selector, id));
        settle(cast, one);

        vm.revertToState(before);
        settle(cast, one);
        Commitment memory late = commitmentFor(cast, recordFor(cast, 2));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Settled));
        market.commitRound(cast.terms, cast.computes, datasHash(cast), late);
    }

    function test_aTrimmedQuorumCostsOnlyTheTrimmedFee() public {
        Cast memory cast = running(5, 4);
        Record memory record = recordFor(cast, 1);
        Tally[] memory full = new Tally[](1);
        Tally[] memory trimmed = new Tally[](1);
        full[0] = tallyOf(record, 15);
        trimmed[0] = commit(cast, commitmentFor(cast, record, 7));
        Claim[] memory fair = claimsOf(cast, full, 0, false);
        settle(cast, trimmed);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        Claim[] memory owed = claimsOf(cast, trimmed, 0, false);
        market.claim(cast.terms, owed);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(owed[i].amount, fair[i].amount);
        }
        uint256 fee = uint256(cast.computes[3].price) * cast.terms.unitsPerSignature / 1e6;
        assertEq(owed[8].amount, fair[8].amount - fee);
        assertEq(owed[9].amount, fair[9].amount + fee, "and the fee stays with the model provider");
    }

    function test_dustClaimsChangeNothing() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        settle(cast, commitMany(cast, 1));
        vm.warp(statusOf(id).deadline + 1);
        bytes32 before = keccak256(abi.encode(market.task(id)));
        market.claim(cast.terms, new Claim[](0));
        assertEq(keccak256(abi.encode(market.task(id))), before);
    }

    /// forge-config: default.fuzz.runs = 24
    function testFuzz_samplesBeyondTheCapEarnWhatTheCapEarns(uint32 claimed) public {
        Cast memory cast = castFor(5, 4);
        cast.datas[0].samples = uint32(bound(claimed, cast.terms.sampleCap, type(uint32).max));
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        cast.datas[0].samples = cast.terms.sampleCap;
        claimOne(cast.terms, claimsOf(cast, rounds, 0, false)[0]);
    }

    function test_oneSecondDecidesAtTheEndOfEveryWindow() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = create(cast.terms);
        depositBonds(cast);
        uint256 before = vm.snapshotState();
        vm.warp(cast.terms.startBy);
        start(cast);
        vm.revertToState(before);
        vm.warp(cast.terms.startBy + 1);
        vm.prank(STRANGER);
        market.cancel(cast.terms);

        vm.revertToState(before);
        start(cast);
        commit(cast, 1);
        Record memory last = recordFor(cast, 2);
        last.closes = statusOf(id).deadline + 1 days;
        vm.warp(statusOf(id).deadline);
        commit(cast, commitmentFor(cast, last));
        assertGt(statusOf(id).deadline, block.timestamp, "the last second still counts, and extends");
    }

    function test_aSurvivorInTwoCohortsIsRefused() public {
        Cast memory cast = running(6, 4);
        Record memory record = recordFor(cast, 1);
        record.cohorts = new uint256[](2);
        (record.cohorts[0], record.cohorts[1]) = (0x0f, 0x38);
        Commitment memory commitment = commitmentFor(cast, record);
        vm.expectRevert(abi.encodeWithSelector(IMarket.CohortsOverlap.selector, 1));
        commit(cast, commitment);
    }

    /// @notice Rounds at the last second of every window hold a task up for as many windows as it has rounds.
    function test_stuffingEveryWindowEndsWithTheRounds() public {
        Cast memory cast = castFor(5, 4);
        cast.terms.maxRounds = 10;
        sign(cast);
        bytes32 id = create(cast.terms);
        depositBonds(cast);
        start(cast);
        uint256 begun = block.timestamp;
        Tally[] memory rounds = new Tally[](10);
        for (uint256 i = 0; i < 10; ++i) {
            vm.warp(statusOf(id).deadline);
            rounds[i] = commit(cast, uint8(i + 1));
        }
        assertEq(statusOf(id).deadline, begun + 11 * uint256(cast.terms.idleWindow));
        Commitment memory more = commitmentFor(cast, recordFor(cast, 11));
        vm.expectRevert(abi.encodeWithSelector(IMarket.RoundOutOfOrder.selector, 11, 10, 10));
        commit(cast, more);
        vm.warp(uint256(statusOf(id).deadline) + 1);
        settleAs(STRANGER, cast, rounds);
    }

    /// @notice Plans are the market's own: there is none that could revert, burn gas or return another length.
    function test_aPlanThatIsNoneOfThemCannotBeNamed() public {
        bytes memory call = abi.encodeCall(market.create, (termsFor(5, 4)));
        token.mint(modelProvider, 1e10);
        vm.startPrank(modelProvider);
        token.approve(address(market), 1e10);
        call[4 + 3 * 32 + 31] = 0x03;
        (bool done,) = address(market).call(call);
        assertFalse(done);
        call[4 + 3 * 32 + 31] = 0x02;
        (done,) = address(market).call(call);
        assertTrue(done);
    }

    function test_scoresForAFriendCostOthersNeverTheModelProvider() public {
        Cast memory cast = castFor(6, 4);
        cast.terms.plan = Plan.Proportional;
        cast.terms.maxCohorts = 2;
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Record memory record = recordFor(cast, 1);
        record.cohorts = new uint256[](2);
        (record.cohorts[0], record.cohorts[1]) = (0x07, 0x38);
        Tally[] memory rounds = new Tally[](1);
        rounds[0] = commit(cast, commitmentFor(cast, record));
        int32[][] memory utilities = new int32[][](1);
        utilities[0] = new int32[](2);
        (utilities[0][0], utilities[0][1]) = (type(int32).max, 1);
        Claim[] memory fair = claimsOf(cast, rounds, 0, false);
        Claim[] memory owed = claimsOf(cast, rounds, utilities, 0, false);
        settle(cast, rounds, utilities);
        assertEq(market.task(idOf(cast.terms)).root, Reference.rootOf(cast.terms.token, owed));
        assertGt(owed[0].amount, fair[0].amount);
        assertApproxEqAbs(owed[10].amount, fair[10].amount, 6);
    }
}
