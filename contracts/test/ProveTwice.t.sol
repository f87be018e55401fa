// SPDX-License-Identifier: MIT
// Keys that said two things about one round: ProveTwice.tree.
pragma solidity 0.8.37;

import {Claim, Commitment, IMarket, Kind, Plan, Record, State, Tally, Twice} from "../IMarket.sol";
import {Cast} from "./Fixture.sol";
import {ProofFixture} from "./ProofFixture.sol";
import {Reference} from "./Reference.sol";

contract ProveTwiceTest is ProofFixture {
    bytes32 private constant A = keccak256("a");
    bytes32 private constant B = keccak256("b");

    function test_twoRecordsSlashTheMemberFromTheFirstRoundOn() public {
        Cast memory cast = running(8, 4);
        bytes32 id = idOf(cast.terms);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoRounds.selector, id));
        chargeTwoRecords(cast, twoRecords(cast, 9, 2, A, B));
        commit(cast, 1);
        vm.expectEmit(address(market));
        emit IMarket.Slashed(id, 9, 4);
        chargeTwoRecords(cast, twoRecords(cast, 9, 2, A, B));
        assertEq(statusOf(id).slashed, 4);
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyProven.selector, id));
        chargeTwoRecords(cast, twoRecords(cast, 8, 2, B, A));
    }

    function test_aSlashedMembersLeafGoesToTheModelProviderAndNoOtherMoves() public {
        Cast memory cast = running(8, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 2);
        settle(cast, rounds);
        bytes32 root = market.task(id).root;
        vm.warp(statusOf(id).deadline);
        chargeTwoRecords(cast, twoRecords(cast, 1, 3, A, B));
        assertEq(market.task(id).root, root);
        openClaims(cast);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.NotProvable.selector, id, State.Settled, statusOf(id).deadline)
        );
        chargeTwoRecords(cast, twoRecords(cast, 1, 2, A, B));
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        vm.expectEmit(address(market));
        emit IMarket.Claimed(id, 11, modelProvider, owed[11].amount);
        market.claim(cast.terms, owed);
        for (uint256 i = 0; i < 11; ++i) {
            assertEq(token.balanceOf(owed[i].payee), owed[i].amount);
        }
        assertEq(token.balanceOf(owed[11].payee), 0);
        assertEq(token.balanceOf(modelProvider), owed[11].amount + owed[12].amount);
    }

    function test_aSlashedMemberSignsNoFurtherRound() public {
        Cast memory cast = running(8, 4);
        commit(cast, 1);
        chargeTwoRecords(cast, twoRecords(cast, 1, 3, A, B));
        Commitment memory commitment = commitmentFor(cast, recordFor(cast, 2));
        vm.expectRevert(abi.encodeWithSelector(IMarket.SignerExcluded.selector, 15, 8));
        commit(cast, commitment);
        commit(cast, commitmentFor(cast, recordFor(cast, 2), 7));
    }

    function test_twoRecordsRevertWhenTheSeatIsAbsent() public {
        Cast memory cast = castFor(8, 4);
        cast.computeSignatures[3] = "";
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        commit(cast, commitmentFor(cast, recordFor(cast, 1), 7));
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyProven.selector, idOf(cast.terms)));
        chargeTwoRecords(cast, twoRecords(cast, 1, 3, A, B));
    }

    function test_twoRecordsRevertWhenTheSeatIsNobodys() public {
        Cast memory cast = running(8, 4);
        commit(cast, 1);
        Twice memory statements = twoRecords(cast, 1, 3, A, B);
        statements.seat = 4;
        vm.expectRevert(abi.encodeWithSelector(IMarket.SignerMissing.selector, 4, 4));
        chargeTwoRecords(cast, statements);
    }

    function test_twoRecordsRevertWhenAStatementIsNotTheMembers() public {
        Cast memory cast = running(8, 4);
        commit(cast, 1);
        bytes memory second = abi.encodeWithSelector(IMarket.StatementInvalid.selector, B);
        bytes memory first = abi.encodeWithSelector(IMarket.StatementInvalid.selector, A);
        Twice memory other = twoRecords(cast, 1, 2, A, B);
        Twice memory mine = twoRecords(cast, 1, 3, A, B);
        mine.secondSignature = other.secondSignature;
        refusedRecords(cast, mine, second);
        mine = twoRecords(cast, 1, 3, A, B);
        mine.firstSignature = other.firstSignature;
        refusedRecords(cast, mine, first);
        mine = twoRecords(cast, 1, 3, A, B);
        mine.secondSignature = twoRecords(cast, 2, 3, A, B).secondSignature;
        refusedRecords(cast, mine, second);
        uint256 key = sortedKeys(COMPUTE_KEYS, 4)[3] + DEVICE;
        mine.secondSignature = twice(cast, Kind.Update, key, 1, 3, A, B).secondSignature;
        refusedRecords(cast, mine, second);
        mine = twoRecords(cast, 1, 3, A, A);
        refusedRecords(cast, mine, abi.encodeWithSelector(IMarket.StatementsEqual.selector, A));
        mine = twoRecords(cast, 1, 3, A, B);
        vm.chainId(1);
        refusedRecords(cast, mine, first);
        vm.chainId(31337);
        cast.terms.salt = keccak256("another task");
        mine = twoRecords(cast, 1, 3, A, B);
        cast.terms.salt = keccak256("salt");
        refusedRecords(cast, mine, first);
    }

    function test_twoOpeningsFaultATaskAndItSettlesWithoutUtilities() public {
        Cast memory cast = castFor(8, 4);
        cast.terms.plan = Plan.Rank;
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 3);
        vm.expectEmit(address(market));
        emit IMarket.TaskFaulted(id, 7);
        chargeTwoOpenings(cast, twoOpenings(cast, 7));
        assertState(id, State.Faulted);
        assertTrue(statusOf(id).guilty);

        Commitment memory late = commitmentFor(cast, recordFor(cast, 4));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Faulted));
        commit(cast, late);
        Claim[] memory owed = claimsOf(cast, rounds, 0, true);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Faulted));
        claimOne(cast.terms, owed[0]);
        int32[][] memory utilities = new int32[][](1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UtilityCountInvalid.selector, 1, 0));
        settle(cast, rounds, utilities);

        uint40 deadline = uint40(block.timestamp + cast.terms.challengeWindow);
        bytes32 root = Reference.rootOf(cast.terms.token, owed);
        vm.expectEmit(address(market));
        emit IMarket.TaskSettled(id, root, true, deadline, new int32[][](0));
        settleAs(STRANGER, cast, rounds);
        assertEq(market.task(id).root, root);
        openClaims(cast);
        market.claim(cast.terms, owed);
        assertEq(token.balanceOf(address(market)), 0);
    }

    function test_twoOpeningsFaultASettledTaskUntilClaimsOpen() public {
        Cast memory cast = running(8, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        uint256 before = vm.snapshotState();
        openClaims(cast);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.NotProvable.selector, id, State.Settled, statusOf(id).deadline)
        );
        chargeTwoOpenings(cast, twoOpenings(cast, 1));
        vm.revertToState(before);
        vm.warp(statusOf(id).deadline);
        chargeTwoOpenings(cast, twoOpenings(cast, 1));
        assertState(id, State.Faulted);
        settle(cast, rounds);
        assertEq(market.task(id).root, Reference.rootOf(cast.terms.token, claimsOf(cast, rounds, 0, true)));
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyProven.selector, id));
        chargeTwoOpenings(cast, twoOpenings(cast, 2));
    }

    function test_twoOpeningsRevertGivenNoRoundOrNoFalsehood() public {
        Cast memory cast = running(8, 4);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoRounds.selector, idOf(cast.terms)));
        chargeTwoOpenings(cast, twoOpenings(cast, 1));
        commit(cast, 1);
        Twice memory statements = twice(cast, Kind.Opening, PROVIDER_KEY, 1, 0, A, B);
        vm.expectRevert(abi.encodeWithSelector(IMarket.StatementInvalid.selector, A));
        chargeTwoOpenings(cast, statements);
        statements = twice(cast, Kind.Record, OPENER_KEY, 1, 0, A, B);
        vm.expectRevert(abi.encodeWithSelector(IMarket.StatementInvalid.selector, A));
        chargeTwoOpenings(cast, statements);
        statements = twice(cast, Kind.Opening, OPENER_KEY, 1, 0, A, A);
        vm.expectRevert(abi.encodeWithSelector(IMarket.StatementsEqual.selector, A));
        chargeTwoOpenings(cast, statements);
        assertState(idOf(cast.terms), State.Running);
        Record memory honest = recordFor(cast, 2);
        commit(cast, commitmentFor(cast, honest));
    }

    function refusedRecords(Cast memory cast, Twice memory statements, bytes memory refusal) private {
        vm.expectRevert(refusal);
        chargeTwoRecords(cast, statements);
    }
}
