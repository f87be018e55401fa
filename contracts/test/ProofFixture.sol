// SPDX-License-Identifier: MIT
// Evidence, true or as false as a test wants it: rounds whose sums can be shown, word by word.
pragma solidity 0.8.37;

import {
    Charge,
    Commitment,
    DataParty,
    Entry,
    Input,
    Kind,
    Logged,
    Record,
    Summed,
    Tally,
    Twice,
    Word
} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Trees} from "./Trees.sol";

abstract contract ProofFixture is Fixture {
    uint256 internal constant Q = 0xfffffffffffc001;

    // Rounds with sums that can be shown

    /// @notice Inputs by the survivors of `cohort`, signed by their devices.
    function inputsFor(Cast memory cast, Record memory record, uint256 cohort, bytes32[] memory roots)
        internal
        view
        returns (Input[] memory inputs)
    {
        bytes32 id = idOf(cast.terms);
        uint256[] memory keys = sortedKeys(DATA_KEYS, cast.datas.length);
        uint256 left = record.cohorts[cohort] & record.survivors;
        inputs = new Input[](roots.length);
        uint256 next = 0;
        for (uint256 seat = 0; seat < keys.length && next < roots.length; ++seat) {
            if ((left >> seat) & 1 == 0) continue;
            bytes32 digest = onceDigest(id, Kind.Update, record.round, updateOf(record, roots[next]));
            inputs[next] = Input(roots[next], signed(keys[seat] + DEVICE, digest));
            ++next;
        }
    }

    /// @notice What a provider's device states about its update.
    function updateOf(Record memory record, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(record.opened, record.cohortsDigest, root));
    }

    /// @notice What `record.sums` becomes the digest of, with one cohort shown.
    function show(Record memory record, uint256 cohort, Input[] memory inputs, bytes32 sumRoot)
        internal
        pure
        returns (Summed memory summed)
    {
        summed.q = uint64(Q);
        summed.t = 1 << 44;
        summed.n = 4096;
        summed.ciphertexts = 4;
        summed.cohort = cohort;
        summed.cohorts = new bytes32[](record.cohorts.length);
        for (uint256 i = 0; i < summed.cohorts.length; ++i) {
            summed.cohorts[i] = keccak256(abi.encode("another cohort", i));
        }
        summed.cohorts[cohort] = keccak256(abi.encode(inputs, sumRoot));
        summed.inputs = inputs;
        summed.sumRoot = sumRoot;
        record.sums = sumsOf(summed);
    }

    function sumsOf(Summed memory summed) internal pure returns (bytes32) {
        return keccak256(abi.encode(summed.q, summed.t, summed.n, summed.ciphertexts, summed.cohorts));
    }

    /// @notice A round in which everyone's word `index` is random and the sum is off by `slip`, lane by lane; all
    /// other words stay unknown.
    function wordRound(Cast memory cast, Record memory record, uint256 index, uint256 slip)
        internal
        view
        returns (Summed memory summed, Word memory word)
    {
        uint256 inputs = onesOf(record.cohorts[0] & record.survivors);
        uint256 depth = Trees.depthOf(cast.terms.words);
        bytes32[] memory roots = new bytes32[](inputs);
        word.index = index;
        word.inputs = new bytes32[](inputs);
        word.inputProofs = new bytes32[][](inputs);
        for (uint256 i = 0; i < inputs; ++i) {
            word.inputs[i] = randomWord(uint256(keccak256(abi.encode(record.round, index, i))));
            (roots[i], word.inputProofs[i]) = Trees.lonely(word.inputs[i], index, depth);
        }
        word.sum = corrupted(sumOf(word.inputs), slip);
        bytes32 sumRoot;
        (sumRoot, word.sumProof) = Trees.lonely(word.sum, index, depth);
        summed = show(record, 0, inputsFor(cast, record, 0, roots), sumRoot);
    }

    function loggedFor(Record memory record, uint16 signers) internal pure returns (Logged memory) {
        return Logged(record, signers, 0, new Entry[](0));
    }

    // Words

    function randomWord(uint256 seed) internal pure returns (bytes32 word) {
        for (uint256 lane = 0; lane < 4; ++lane) {
            uint256 coefficient = uint256(keccak256(abi.encode(seed, lane))) % Q;
            word |= bytes32(coefficient << (64 * lane));
        }
    }

    /// @notice Lane by lane modulo q, one addition after another.
    function sumOf(bytes32[] memory words) internal pure returns (bytes32 sum) {
        for (uint256 i = 0; i < words.length; ++i) {
            sum = corrupted(sum, uint256(words[i]));
        }
    }

    /// @notice `slip` added to `word`, lane by lane modulo q.
    function corrupted(bytes32 word, uint256 slip) internal pure returns (bytes32 sum) {
        for (uint256 lane = 0; lane < 4; ++lane) {
            uint256 one = (uint256(word) >> (64 * lane)) & type(uint64).max;
            uint256 other = (slip >> (64 * lane)) & type(uint64).max;
            sum |= bytes32(((one + other) % Q) << (64 * lane));
        }
    }

    // Two statements

    function twoRecords(Cast memory cast, uint8 round, uint8 seat, bytes32 first, bytes32 second)
        internal
        view
        returns (Twice memory)
    {
        uint256 key = sortedKeys(COMPUTE_KEYS, cast.computes.length)[seat] + DEVICE;
        return twice(cast, Kind.Record, key, round, seat, first, second);
    }

    function twoOpenings(Cast memory cast, uint8 round) internal view returns (Twice memory) {
        return twice(cast, Kind.Opening, OPENER_KEY, round, 0, keccak256("one"), keccak256("other"));
    }

    function twice(
        Cast memory cast,
        Kind kind,
        uint256 key,
        uint8 round,
        uint8 seat,
        bytes32 first,
        bytes32 second
    ) internal view returns (Twice memory) {
        bytes32 id = idOf(cast.terms);
        return Twice({
            round: round,
            seat: seat,
            first: first,
            firstSignature: signed(key, onceDigest(id, kind, round, first)),
            second: second,
            secondSignature: signed(key, onceDigest(id, kind, round, second))
        });
    }

    // Charges

    function chargeWrongSum(Cast memory cast, Logged memory logged, Summed memory summed, Word memory word)
        internal
    {
        prove(cast, Charge.WrongSum, abi.encode(logged, summed, word));
    }

    function chargeForgedInput(Cast memory cast, Logged memory logged, Summed memory summed, uint256 input)
        internal
    {
        prove(cast, Charge.ForgedInput, abi.encode(logged, summed, cast.datas, input));
    }

    function chargeTwoRecords(Cast memory cast, Twice memory statements) internal {
        prove(cast, Charge.TwoRecords, abi.encode(statements));
    }

    function chargeTwoOpenings(Cast memory cast, Twice memory statements) internal {
        prove(cast, Charge.TwoOpenings, abi.encode(statements));
    }

    function onesOf(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits >>= 1) {
            count += bits & 1;
        }
    }
}
