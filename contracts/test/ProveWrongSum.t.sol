// SPDX-License-Identifier: MIT
// Sums that are not the sums of their inputs: ProveWrongSum.tree.
pragma solidity 0.8.37;

import {Entry, IMarket, Input, Logged, Record, State, Summed, Tally, Terms, Word} from "../IMarket.sol";
import {Cast} from "./Fixture.sol";
import {ProofFixture} from "./ProofFixture.sol";
import {Trees} from "./Trees.sol";

contract ProveWrongSumTest is ProofFixture {
    uint32 private constant WORDS = 13;
    uint16 private constant SIGNERS = 7;
    uint32[4] private SIZES = [1, 2, 5, 13];

    /// Tasks that run already, by the words of their updates.
    mapping(uint256 words => bytes) private begun;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < SIZES.length; ++i) {
            begun[SIZES[i]] = abi.encode(ready(3 + i, SIZES[i]));
        }
    }

    function test_slashesTheSignersWhoeverCalls() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        vm.expectEmit(address(market));
        emit IMarket.Slashed(idOf(cast.terms), 1, SIGNERS);
        chargeWrongSum(cast, logged, summed, word);
        assertEq(statusOf(idOf(cast.terms)).slashed, SIGNERS);
        assertEq(token.balanceOf(STRANGER), 0, "a prover earns nothing");
    }

    function test_isProvenUntilTheChallengeWindowEnds() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = new Tally[](1);
        rounds[0] = tallyOf(logged.record, SIGNERS);
        settle(cast, rounds);
        uint256 deadline = statusOf(id).deadline;
        uint256 before = vm.snapshotState();
        vm.warp(deadline);
        chargeWrongSum(cast, logged, summed, word);
        assertEq(statusOf(id).slashed, SIGNERS);
        vm.revertToState(before);
        vm.warp(deadline + 1);
        refused(cast, logged, summed, word, notProvable(id, State.Settled, deadline));
    }

    function test_isProvenGivenTheModelProviderIsFaulted() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        chargeTwoOpenings(cast, twoOpenings(cast, 9));
        vm.warp(block.timestamp + 365 days);
        chargeWrongSum(cast, logged, summed, word);
        assertEq(statusOf(idOf(cast.terms)).slashed, SIGNERS);
        assertState(idOf(cast.terms), State.Faulted);
    }

    function test_isProvenBetweenOtherRoundsAndForAnyCohort() public {
        Cast memory cast = ready(8);
        Tally memory first = commit(cast, 1);
        Record memory record = recordFor(cast, 2);
        record.cohorts = new uint256[](2);
        (record.cohorts[0], record.cohorts[1]) = (0x0f, 0xf0);
        (Summed memory summed, Word memory word) = wordRound(cast, record, 3, 1);
        Input[] memory inputs = inputsFor(cast, record, 1, roots(summed.inputs));
        summed = show(record, 1, inputs, summed.sumRoot);
        commit(cast, commitmentFor(cast, record, SIGNERS));
        Record memory later = recordFor(cast, 4);
        commit(cast, commitmentFor(cast, later, 15));

        Logged memory logged = loggedFor(record, SIGNERS);
        logged.before =
            keccak256(abi.encode(bytes32(0), recordHash(recordFor(cast, 1)), uint16(first.signers)));
        logged.later = new Entry[](1);
        logged.later[0] = Entry(recordHash(later), 15);
        vm.expectEmit(address(market));
        emit IMarket.Slashed(idOf(cast.terms), 2, SIGNERS);
        chargeWrongSum(cast, logged, summed, word);
    }

    function test_addsOnlySeatsThatAreNotSlashed() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes32 id = idOf(cast.terms);
        chargeTwoRecords(cast, twoRecords(cast, 5, 1, keccak256("one"), keccak256("other")));
        vm.expectEmit(address(market));
        emit IMarket.Slashed(id, 1, 5);
        chargeWrongSum(cast, logged, summed, word);
        assertEq(statusOf(id).slashed, SIGNERS);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.AlreadyProven.selector, id));
    }

    function test_revertsGivenTheTaskIsOver() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = idOf(cast.terms);
        Record memory record = recordFor(cast, 1);
        (Summed memory summed, Word memory word) = wordRound(cast, record, 3, 1);
        Logged memory logged = loggedFor(record, SIGNERS);
        refused(cast, logged, summed, word, notProvable(id, State.None, 0));
        create(cast.terms);
        refused(cast, logged, summed, word, notProvable(id, State.Open, cast.terms.startBy));
        vm.prank(modelProvider);
        market.cancel(cast.terms);
        refused(cast, logged, summed, word, notProvable(id, State.Cancelled, cast.terms.startBy));
    }

    function test_revertsWhenThePartiesAreNotThoseOfTheStart() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes memory refusal = abi.encodeWithSelector(IMarket.PartiesMismatch.selector, idOf(cast.terms));
        cast.datas[0].samples += 1;
        refused(cast, logged, summed, word, refusal);
        cast.datas[0].samples -= 1;
        cast.computes[1].device = STRANGER;
        refused(cast, logged, summed, word, refusal);
    }

    function test_revertsWhenTheRoundIsNotThatOfTheLog() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes memory refusal = abi.encodeWithSelector(IMarket.LogMismatch.selector, idOf(cast.terms));
        logged.signers = 15;
        refused(cast, logged, summed, word, refusal);
        logged.signers = SIGNERS;
        logged.before = bytes32(uint256(1));
        refused(cast, logged, summed, word, refusal);
        logged.before = 0;
        logged.later = new Entry[](1);
        refused(cast, logged, summed, word, refusal);
        logged.later = new Entry[](0);
        logged.record.delivered ^= 1;
        refused(cast, logged, summed, word, refusal);
        logged.record.delivered ^= 1;
        chargeWrongSum(cast, logged, summed, word);
    }

    function test_revertsWhenWhatIsShownIsNotWhatWasSigned() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes memory refusal = abi.encodeWithSelector(IMarket.SumsMismatch.selector, logged.record.sums);
        summed.q -= 2;
        refused(cast, logged, summed, word, refusal);
        summed.q += 2;
        summed.cohorts[0] = keccak256("another");
        refused(cast, logged, summed, word, refusal);
        summed.cohorts[0] = keccak256(abi.encode(summed.inputs, summed.sumRoot));
        summed.cohort = 1;
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.CohortMissing.selector, 1, 1));
        summed.cohort = 0;
        bytes32 good = summed.sumRoot;
        summed.sumRoot = keccak256("another");
        bytes32 digest = keccak256(abi.encode(summed.inputs, summed.sumRoot));
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.SumsMismatch.selector, digest));
        summed.sumRoot = good;
        summed.inputs[1].signature[0] ^= 0x01;
        digest = keccak256(abi.encode(summed.inputs, summed.sumRoot));
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.SumsMismatch.selector, digest));
    }

    function test_revertsWhenTheWordsAreNotThoseOfTheTrees() public {
        (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word) = accused(1);
        bytes32 kept = word.sum;
        word.sum = corrupted(kept, 5);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 5));
        word.sum = kept;
        kept = word.inputs[2];
        word.inputs[2] = corrupted(kept, 1);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 2));
        word.inputs[2] = kept;
        word.index ^= 1;
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 0));
        word.index ^= 1;

        bytes32[] memory path = word.inputProofs[4];
        word.inputProofs[4] = new bytes32[](path.length - 1);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 4));
        word.inputProofs[4] = new bytes32[](path.length + 1);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 4));
        word.inputProofs[4] = path;
        path = word.sumProof;
        word.sumProof = new bytes32[](0);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 5));
        word.sumProof = path;

        bytes32[] memory words = word.inputs;
        word.inputs = new bytes32[](4);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordCountInvalid.selector, 4, 5));
        word.inputs = words;
        word.inputProofs = new bytes32[][](4);
        refused(cast, logged, summed, word, abi.encodeWithSelector(IMarket.WordCountInvalid.selector, 5, 5));
    }

    /// @notice Beyond the last word lies padding, which SEAL never sees.
    function test_revertsWhenTheWordIsPadding() public {
        Cast memory cast = ready(5);
        Record memory record = recordFor(cast, 1);
        (Summed memory summed, Word memory word) = wordRound(cast, record, WORDS, 1);
        commit(cast, commitmentFor(cast, record, SIGNERS));
        bytes memory refusal = abi.encodeWithSelector(IMarket.WordOutOfRange.selector, WORDS, WORDS);
        refused(cast, loggedFor(record, SIGNERS), summed, word, refusal);
        record = recordFor(cast, 2);
        (summed, word) = wordRound(cast, record, WORDS - 1, 1);
        commit(cast, commitmentFor(cast, record, SIGNERS));
        Logged memory logged = loggedFor(record, SIGNERS);
        Record memory first = recordFor(cast, 1);
        wordRound(cast, first, WORDS, 1);
        logged.before = keccak256(abi.encode(bytes32(0), recordHash(first), SIGNERS));
        chargeWrongSum(cast, logged, summed, word);
    }

    function testFuzz_C10_whoAddsHonestlyIsNeverSlashedForASum(uint256 seed) public {
        (Cast memory cast, Record memory record, Summed memory summed, Word memory word) = added(seed, 0);
        refused(
            cast,
            loggedFor(record, SIGNERS),
            summed,
            word,
            abi.encodeWithSelector(IMarket.SumRight.selector, word.index)
        );
    }

    function testFuzz_C11_everyCorruptedLaneIsProvable(uint256 seed, uint8 lane, uint64 slip) public {
        uint256 off = 1 + slip % (Q - 1);
        (Cast memory cast, Record memory record, Summed memory summed, Word memory word) =
            added(seed, off << (64 * (lane % 4)));
        chargeWrongSum(cast, loggedFor(record, SIGNERS), summed, word);
        assertEq(statusOf(idOf(cast.terms)).slashed, SIGNERS);
    }

    /// @notice Whole trees of a number of words by chance, with one word of the sum off by `slip`.
    function added(uint256 seed, uint256 slip)
        private
        returns (Cast memory cast, Record memory record, Summed memory summed, Word memory word)
    {
        uint256 words = SIZES[seed % SIZES.length];
        cast = abi.decode(begun[words], (Cast));
        uint256 inputs = cast.datas.length;
        record = recordFor(cast, 1);
        bytes32[] memory sums = new bytes32[](words);
        bytes32[] memory roots_ = new bytes32[](inputs);
        word.index = uint256(keccak256(abi.encode(seed, "index"))) % words;
        word.inputs = new bytes32[](inputs);
        word.inputProofs = new bytes32[][](inputs);
        for (uint256 i = 0; i < inputs; ++i) {
            bytes32[] memory input = new bytes32[](words);
            for (uint256 j = 0; j < words; ++j) {
                input[j] = randomWord(uint256(keccak256(abi.encode(seed, i, j))));
                sums[j] = corrupted(sums[j], uint256(input[j]));
            }
            roots_[i] = Trees.rootOf(input);
            word.inputs[i] = input[word.index];
            word.inputProofs[i] = Trees.pathOf(input, word.index);
        }
        sums[word.index] = corrupted(sums[word.index], slip);
        word.sum = sums[word.index];
        word.sumProof = Trees.pathOf(sums, word.index);
        summed = show(record, 0, inputsFor(cast, record, 0, roots_), Trees.rootOf(sums));
        commit(cast, commitmentFor(cast, record, SIGNERS));
    }

    function accused(uint256 slip)
        private
        returns (Cast memory cast, Logged memory logged, Summed memory summed, Word memory word)
    {
        cast = ready(5);
        Record memory record = recordFor(cast, 1);
        (summed, word) = wordRound(cast, record, 6, slip);
        commit(cast, commitmentFor(cast, record, SIGNERS));
        logged = loggedFor(record, SIGNERS);
    }

    function ready(uint256 datas) private returns (Cast memory) {
        return ready(datas, WORDS);
    }

    function ready(uint256 datas, uint32 words) private returns (Cast memory cast) {
        Terms memory terms = termsFor(datas, 4);
        terms.words = words;
        terms.salt = keccak256(abi.encode(vm.getNonce(address(this)), words, begun[words].length));
        cast = castFor(terms, datas, 4);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    function roots(Input[] memory inputs) private pure returns (bytes32[] memory list) {
        list = new bytes32[](inputs.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = inputs[i].root;
        }
    }

    function notProvable(bytes32 id, State state, uint256 deadline) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.NotProvable.selector, id, state, deadline);
    }

    function refused(
        Cast memory cast,
        Logged memory logged,
        Summed memory summed,
        Word memory word,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        chargeWrongSum(cast, logged, summed, word);
    }
}
