// SPDX-License-Identifier: MIT
// Settlement: Settle.tree.
pragma solidity 0.8.37;

import {Claim, IMarket, Plan, Record, State, Tally, Terms} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Reference} from "./Reference.sol";

contract SettleTest is Fixture {
    function test_revertsGivenTheTaskIsNotRunning() public {
        Cast memory cast = castFor(4, 2);
        bytes32 id = idOf(cast.terms);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.None));
        settle(cast, new Tally[](0));
        create(cast.terms);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Open));
        settle(cast, new Tally[](0));
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Settled));
        settle(cast, rounds);
    }

    function test_revertsGivenNoRoundWasCommitted() public {
        Cast memory cast = running(4, 2);
        bytes memory refusal = abi.encodeWithSelector(IMarket.NoRounds.selector, idOf(cast.terms));
        vm.expectRevert(refusal);
        settle(cast, new Tally[](0));
        vm.warp(block.timestamp + 30 days);
        vm.expectRevert(refusal);
        settle(cast, new Tally[](0));
    }

    function test_revertsWhenTheRoundsAreNotThoseOfTheLog() public {
        Cast memory cast = running(4, 2);
        Tally[] memory rounds = commitMany(cast, 3);
        bytes memory refusal = abi.encodeWithSelector(IMarket.LogMismatch.selector, idOf(cast.terms));

        Tally[] memory fewer = new Tally[](2);
        (fewer[0], fewer[1]) = (rounds[0], rounds[1]);
        vm.expectRevert(refusal);
        settle(cast, fewer);

        rounds[1].delivered ^= 1;
        vm.expectRevert(refusal);
        settle(cast, rounds);
        rounds[1].delivered ^= 1;

        rounds[1].jobs ^= 1;
        vm.expectRevert(refusal);
        settle(cast, rounds);
        rounds[1].jobs ^= 1;

        rounds[1].signers ^= 1;
        vm.expectRevert(refusal);
        settle(cast, rounds);
        rounds[1].signers ^= 1;

        (rounds[0], rounds[1]) = (rounds[1], rounds[0]);
        vm.expectRevert(refusal);
        settle(cast, rounds);
        (rounds[0], rounds[1]) = (rounds[1], rounds[0]);

        settle(cast, rounds);
    }

    function test_revertsWhenThePartiesAreNotThoseOfTheStart() public {
        Cast memory cast = running(4, 2);
        Tally[] memory rounds = commitMany(cast, 1);
        bytes memory refusal = abi.encodeWithSelector(IMarket.PartiesMismatch.selector, idOf(cast.terms));
        cast.datas[2].payee = STRANGER;
        vm.expectRevert(refusal);
        settle(cast, rounds);
        cast = castFor(4, 2);
        cast.computes[1].price += 1;
        vm.expectRevert(refusal);
        settle(cast, rounds);
    }

    function test_revertsWhenAStrangerCallsBeforeTheDeadlineHasPassed() public {
        Cast memory cast = running(4, 2);
        Tally[] memory rounds = commitMany(cast, 1);
        uint256 deadline = block.timestamp + cast.terms.idleWindow;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, deadline, deadline));
        settleAs(STRANGER, cast, rounds);
    }

    function test_keepsTheRootAndOpensTheChallengeWindow() public {
        Cast memory cast = running(4, 2);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 3);
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        uint40 deadline = uint40(block.timestamp + cast.terms.challengeWindow);
        bytes32 root = Reference.rootOf(cast.terms.token, owed);

        vm.expectEmit(address(market));
        emit IMarket.TaskSettled(id, root, false, deadline, new int32[][](0));
        settle(cast, rounds);

        assertState(id, State.Settled);
        assertEq(market.task(id).root, root);
        assertEq(statusOf(id).deadline, deadline);
        assertEq(
            owed[6].amount + owed[5].amount + owed[4].amount,
            uint256(cast.terms.computePool) + cast.terms.bond + 2 * cast.terms.computeBond
                + (cast.terms.dataPool - owed[0].amount - owed[1].amount - owed[2].amount - owed[3].amount),
            "the bond is the model provider's"
        );
    }

    function test_theModelProviderMaySettleAfterTheDeadlineUntilAnotherDid() public {
        Cast memory cast = running(4, 2);
        Tally[] memory rounds = commitMany(cast, 1);
        vm.warp(block.timestamp + 30 days);
        settle(cast, rounds);
        assertEq(
            market.task(idOf(cast.terms)).root,
            Reference.rootOf(cast.terms.token, claimsOf(cast, rounds, 0, false))
        );
    }

    function test_theBondJoinsTheDataPoolWhenAStrangerCallsAfterTheDeadline() public {
        Cast memory cast = running(4, 2);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 10);
        vm.warp(statusOf(id).deadline + 1);
        Claim[] memory owed = claimsOf(cast, rounds, 0, true);
        settleAs(STRANGER, cast, rounds);
        assertEq(market.task(id).root, Reference.rootOf(cast.terms.token, owed));
        uint256 data = owed[0].amount + owed[1].amount + owed[2].amount + owed[3].amount;
        assertApproxEqAbs(data, uint256(cast.terms.dataPool) + cast.terms.bond, 8, "all rounds: whole bond");
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_paysByFormulaToTheUnitAndTheLeavesAddUpToWhatWasFunded(uint256 seed) public {
        uint256 datas = bound(uint256(keccak256(abi.encode(seed, "datas"))), 3, 12);
        uint256 computes = bound(uint256(keccak256(abi.encode(seed, "computes"))), 1, datas < 5 ? datas : 5);
        Cast memory cast = randomCast(seed, datas, computes);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        bytes32 id = idOf(cast.terms);
        uint16 absent = statusOf(id).absent;
        bool vanished = seed % 2 == 1;
        Tally[] memory rounds = randomRounds(seed, cast, absent);
        int32[][] memory utilities = vanished ? new int32[][](0) : randomUtilities(seed, cast, rounds);
        if (vanished) {
            vm.warp(statusOf(id).deadline + 1);
            settleAs(STRANGER, cast, rounds);
        } else {
            settle(cast, rounds, utilities);
        }

        Claim[] memory owed = claimsOf(cast, rounds, utilities, absent, vanished);
        assertEq(market.task(id).root, Reference.rootOf(cast.terms.token, owed), "root");
        uint256 sum = 0;
        for (uint256 i = 0; i < owed.length; ++i) {
            sum += owed[i].amount;
            if (i < datas) {
                assertGe(owed[i].amount, Reference.floorOf(cast.terms, cast.datas, rounds, i), "C5");
            }
        }
        assertEq(sum, Reference.funded(cast.terms, computes, absent), "C2");
        vm.warp(statusOf(id).deadline + 1);
        vm.prank(STRANGER);
        market.claim(cast.terms, owed);
        uint256 free = 0;
        for (uint256 seat = 0; seat < computes; ++seat) {
            free += market.deposits(address(token), cast.computes[seat].account);
        }
        assertEq(token.balanceOf(address(market)), free, "C1 at the end");
    }

    function randomCast(uint256 seed, uint256 datas, uint256 computes)
        internal
        view
        returns (Cast memory cast)
    {
        Terms memory terms = termsFor(datas, computes);
        terms.dataPool = uint128(bound(uint256(keccak256(abi.encode(seed, 1))), 2e7, 1e30));
        terms.bond = uint128(bound(uint256(keccak256(abi.encode(seed, 2))), 1000, 1e30));
        terms.paidRounds = uint8(bound(uint256(keccak256(abi.encode(seed, 3))), 1, 60));
        terms.sampleCap = uint32(bound(uint256(keccak256(abi.encode(seed, 4))), 1, 10_000));
        terms.plan = Plan(seed % 3);
        terms.threshold = uint8(computes / 2 + 1);
        terms.minComputes = terms.threshold;
        cast = castFor(terms, datas, computes);
        for (uint256 seat = 0; seat < datas; ++seat) {
            cast.datas[seat].floor =
                uint128(uint256(keccak256(abi.encode(seed, seat, 5))) % (terms.dataPool / datas));
            cast.datas[seat].samples = uint32(1 + uint256(keccak256(abi.encode(seed, seat, 6))) % 20_000);
        }
        sign(cast);
        if (computes > 2 && seed % 3 == 0) cast.computeSignatures[seed % computes] = "";
    }

    function randomRounds(uint256 seed, Cast memory cast, uint16 absent)
        internal
        returns (Tally[] memory rounds)
    {
        rounds = new Tally[](1 + seed % 5);
        uint16 present = everyone(cast) & ~absent;
        for (uint256 i = 0; i < rounds.length; ++i) {
            Record memory record = recordFor(cast, uint8(2 * i + 1));
            uint256 noise = uint256(keccak256(abi.encode(seed, i, 7)));
            if (cast.datas.length > 5) {
                record.cohorts = new uint256[](2);
                record.cohorts[0] = 7 | (noise >> 64) % (1 << cast.datas.length);
                record.cohorts[1] = record.delivered & ~record.cohorts[0];
            }
            record.delivered &= noise | 7;
            record.survivors &= record.delivered & ((noise >> 128) | 7);
            if (record.cohorts.length == 2 && Reference.ones(record.cohorts[1] & record.survivors) < 3) {
                record.survivors &= record.cohorts[0];
            }
            record.aggregator = lowest(present);
            record.jobs = noise >> 192 & type(uint32).max | (noise & 0x3f) << 32;
            rounds[i] = commit(cast, commitmentFor(cast, record, present));
        }
    }

    function randomUtilities(uint256 seed, Cast memory cast, Tally[] memory rounds)
        internal
        pure
        returns (int32[][] memory utilities)
    {
        if (cast.terms.plan == Plan.Equal) return utilities;
        uint256 epochs = (uint256(rounds[rounds.length - 1].round) - 1) / cast.terms.roundsPerEpoch + 1;
        utilities = new int32[][](epochs);
        for (uint256 e = 0; e < epochs; ++e) {
            utilities[e] = new int32[](cast.terms.maxCohorts);
            for (uint256 c = 0; c < cast.terms.maxCohorts; ++c) {
                if (!Reference.wasOpened(cast.terms, rounds, e, c)) continue;
                utilities[e][c] = int32(uint32(uint256(keccak256(abi.encode(seed, e, c))) % 9)) - 4;
            }
        }
    }

    function lowest(uint16 bits) internal pure returns (uint8 seat) {
        while ((bits >> seat) & 1 == 0) ++seat;
    }
}
