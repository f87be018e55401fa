// SPDX-License-Identifier: MIT
// Committing rounds: CommitRound.tree.
pragma solidity 0.8.37;

import {Commitment, IMarket, Record, State, Status, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract CommitRoundTest is Fixture {
    function test_countsTheRoundAndFoldsItIntoTheLog() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        vm.warp(block.timestamp + 1 hours);
        Commitment memory commitment = commitmentFor(cast, recordFor(cast, 3), 7);
        commitment = commitmentFor(cast, withAggregator(commitment.record, 1), 7);
        uint40 deadline = uint40(block.timestamp + cast.terms.idleWindow);
        vm.expectEmit(address(market));
        emit IMarket.RoundCommitted(id, 3, commitment.record, 7, deadline);
        vm.prank(STRANGER);
        market.commitRound(cast.terms, cast.computes, datasHash(cast), commitment);

        Status memory status = statusOf(id);
        assertEq(status.rounds, 1);
        assertEq(status.lastRound, 3);
        assertEq(status.deadline, deadline);
        bytes32 log = keccak256(abi.encode(bytes32(0), recordHash(commitment.record), uint16(7)));
        assertEq(market.task(id).log, log);

        commit(cast, 4);
        log = keccak256(abi.encode(log, recordHash(recordFor(cast, 4)), uint16(15)));
        assertEq(market.task(id).log, log);
        assertEq(statusOf(id).rounds, 2);
    }

    function test_revertsGivenTheTaskIsNotRunning() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = idOf(cast.terms);
        create(cast.terms);
        refused(cast, recordFor(cast, 1), abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Open));
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        refused(
            cast, recordFor(cast, 2), abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Settled)
        );
    }

    function test_revertsWithOtherPartiesThanAtTheStart() public {
        Cast memory cast = running(5, 4);
        bytes memory refusal = abi.encodeWithSelector(IMarket.PartiesMismatch.selector, idOf(cast.terms));
        cast.computes[0].device = STRANGER;
        refused(cast, recordFor(cast, 1), refusal);
        cast = castFor(5, 4);
        cast.datas[0].floor += 1;
        refused(cast, recordFor(cast, 1), refusal);
    }

    function test_revertsWhenItIsTooLate() public {
        Cast memory cast = running(5, 4);
        Record memory record = recordFor(cast, 1);
        vm.warp(record.closes + 1);
        refused(
            cast, record, abi.encodeWithSelector(IMarket.TooLate.selector, record.closes + 1, record.closes)
        );
        uint40 deadline = statusOf(idOf(cast.terms)).deadline;
        record.closes = deadline + 1 days;
        vm.warp(deadline + 1);
        refused(cast, record, abi.encodeWithSelector(IMarket.TooLate.selector, deadline + 1, deadline));
        vm.warp(deadline);
        record.closes = deadline;
        commit(cast, commitmentFor(cast, record));
    }

    function test_revertsWhenTheRoundIsOutOfOrder() public {
        Cast memory cast = running(5, 4);
        refused(cast, recordFor(cast, 0), abi.encodeWithSelector(IMarket.RoundOutOfOrder.selector, 0, 0, 60));
        commit(cast, 5);
        refused(cast, recordFor(cast, 5), abi.encodeWithSelector(IMarket.RoundOutOfOrder.selector, 5, 5, 60));
        refused(cast, recordFor(cast, 4), abi.encodeWithSelector(IMarket.RoundOutOfOrder.selector, 4, 5, 60));
        refused(
            cast, recordFor(cast, 61), abi.encodeWithSelector(IMarket.RoundOutOfOrder.selector, 61, 5, 60)
        );
        commit(cast, 60);
    }

    function test_revertsWhenTheOpeningIsNotTheOpeners() public {
        Cast memory cast = running(5, 4);
        bytes memory refusal = abi.encodeWithSelector(IMarket.OpeningInvalid.selector, 1);
        Commitment memory commitment = commitmentFor(cast, recordFor(cast, 1));
        bytes memory good = commitment.openerSignature;
        commitment.openerSignature = commitmentFor(cast, recordFor(cast, 2)).openerSignature;
        refused(cast, commitment, refusal);
        commitment.openerSignature = good;
        Record memory later = recordFor(cast, 1);
        later.closes += 1;
        Commitment memory moved = commitmentFor(cast, later);
        moved.openerSignature = good;
        refused(cast, moved, refusal);
        commitment.openerSignature = "";
        refused(cast, commitment, refusal);
        commitment.openerSignature = highS(good);
        refused(cast, commitment, refusal);
    }

    function test_revertsWhenTheBitmapsAreNotThoseOfARound() public {
        Cast memory cast = running(8, 4);
        Record memory record = recordFor(cast, 1);
        record.cohorts = new uint256[](0);
        refused(cast, record, abi.encodeWithSelector(IMarket.CohortCountInvalid.selector, 0, 4));
        record.cohorts = new uint256[](5);
        refused(cast, record, abi.encodeWithSelector(IMarket.CohortCountInvalid.selector, 5, 4));

        record.cohorts = new uint256[](2);
        (record.cohorts[0], record.cohorts[1]) = (0x0f, 0xf8);
        refused(cast, record, abi.encodeWithSelector(IMarket.CohortsOverlap.selector, 1));
        (record.cohorts[0], record.cohorts[1]) = (0x0f, 0xf0);
        record.survivors = 0x3f;
        refused(cast, record, abi.encodeWithSelector(IMarket.CohortSizeInvalid.selector, 1, 2, 3, 64));
        record.survivors = 0x1f;
        refused(cast, record, abi.encodeWithSelector(IMarket.CohortSizeInvalid.selector, 1, 1, 3, 64));
        record.cohorts[1] = 0x1f0;
        record.survivors = 0x0f;
        refused(cast, record, abi.encodeWithSelector(IMarket.SeatOutOfRange.selector, 0x1ff, 8));
        record.cohorts[1] = 0x70;
        refused(cast, record, abi.encodeWithSelector(IMarket.DeliveredOutsideCohorts.selector, 0xff, 0x7f));
        record.delivered = 0x7e;
        refused(cast, record, abi.encodeWithSelector(IMarket.SurvivorNotDelivered.selector, 0x0f, 0x7e));
        record.survivors = 0;
        refused(cast, record, abi.encodeWithSelector(IMarket.NoSurvivors.selector, 1));
        record.survivors = 0x0e;
        commit(cast, commitmentFor(cast, record));
    }

    function test_revertsWhenTheSignaturesAreNotThoseOfTheCommittee() public {
        Cast memory cast = castFor(8, 5);
        cast.terms.threshold = 3;
        cast.terms.minComputes = 3;
        sign(cast);
        cast.computeSignatures[2] = "";
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Record memory record = withAggregator(recordFor(cast, 1), 0);

        refused(
            cast, commitmentFor(cast, record, 3), abi.encodeWithSelector(IMarket.TooFewSigners.selector, 2, 3)
        );
        refused(
            cast,
            commitmentFor(cast, record, 15),
            abi.encodeWithSelector(IMarket.SignerExcluded.selector, 15, 4)
        );
        Commitment memory commitment = commitmentFor(cast, record, 27);
        commitment.signers = 59;
        refused(cast, commitment, abi.encodeWithSelector(IMarket.SignerExcluded.selector, 59, 4));
        refused(
            cast,
            commitmentFor(cast, record, 26),
            abi.encodeWithSelector(IMarket.AggregatorMissing.selector, 0, 26)
        );
        record.aggregator = 200;
        refused(
            cast,
            commitmentFor(cast, record, 27),
            abi.encodeWithSelector(IMarket.AggregatorMissing.selector, 200, 27)
        );
        record.aggregator = 0;

        commitment = commitmentFor(cast, record, 27);
        commitment.signatures[65] ^= 0x01;
        refused(cast, commitment, abi.encodeWithSelector(IMarket.RecordSignatureInvalid.selector, 1));
        commitment = commitmentFor(cast, record, 27);
        commitment.signers = 25;
        refused(cast, commitment, abi.encodeWithSelector(IMarket.SignatureCountInvalid.selector, 4, 3));
        commitment = commitmentFor(cast, record, 11);
        commitment.signers = 19;
        refused(cast, commitment, abi.encodeWithSelector(IMarket.RecordSignatureInvalid.selector, 4));
        commitment = commitmentFor(cast, record, 11);
        commitment.record.sums = keccak256("other sums");
        refused(cast, commitment, abi.encodeWithSelector(IMarket.RecordSignatureInvalid.selector, 0));
        commitment = commitmentFor(cast, record, 11);
        commitment.signatures = highS(commitment.signatures);
        refused(cast, commitment, abi.encodeWithSelector(IMarket.RecordSignatureInvalid.selector, 0));
        commit(cast, commitmentFor(cast, record, 11));
    }

    function withAggregator(Record memory record, uint8 seat) private pure returns (Record memory) {
        record.aggregator = seat;
        return record;
    }

    function refused(Cast memory cast, Record memory record, bytes memory refusal) private {
        refused(cast, commitmentFor(cast, record), refusal);
    }

    function refused(Cast memory cast, Commitment memory commitment, bytes memory refusal) private {
        vm.expectRevert(refusal);
        market.commitRound(cast.terms, cast.computes, datasHash(cast), commitment);
    }
}
