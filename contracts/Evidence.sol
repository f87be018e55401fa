// SPDX-License-Identifier: MIT
// Proofs that need no judge: whether shown evidence convicts. The market decides what a conviction means.
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {Bits} from "./Bits.sol";
import {Digests} from "./Digests.sol";
import {
    Charge,
    ComputeParty,
    DataParty,
    Entry,
    IMarket,
    Input,
    Kind,
    Logged,
    Record,
    Summed,
    Twice,
    Word
} from "./IMarket.sol";

/// @notice What the market knows of the task that evidence is about.
struct Case {
    bytes32 id;
    bytes32 log;
    /// keccak of the encoded data parties.
    bytes32 datas;
    /// EIP-712 domain separator.
    bytes32 domain;
    address opener;
    /// Words of one encrypted update.
    uint32 words;
}

library Evidence {
    /// The only ciphertext modulus of encrypted updates.
    uint256 private constant Q = 0xfffffffffffc001;
    uint256 private constant LANES = 4;
    uint256 private constant LANE_BITS = 64;

    /// @notice Reverts where the evidence does not show what is charged.
    /// @return round The round it is about.
    /// @return seats Bitmap of the compute seats that it convicts; none where it convicts the model provider.
    function judge(
        Case calldata case_,
        ComputeParty[] calldata computes,
        Charge charge,
        bytes calldata evidence
    ) external pure returns (uint8 round, uint16 seats) {
        if (charge == Charge.TwoOpenings) {
            return (_twice(case_, Kind.Opening, case_.opener, _asTwice(evidence)), 0);
        }
        if (charge == Charge.TwoRecords) {
            Twice calldata twice = _asTwice(evidence);
            require(twice.seat < computes.length, IMarket.SignerMissing(twice.seat, computes.length));
            // forge-lint: disable-next-line(unsafe-typecast)
            seats = uint16(Bits.only(twice.seat)); // a seat is below 16
            return (_twice(case_, Kind.Record, computes[twice.seat].device, twice), seats);
        }
        (Logged calldata logged, Summed calldata summed) = _asRound(evidence);
        _checkSummed(case_, logged, summed);
        if (charge == Charge.WrongSum) _checkWrong(case_.words, summed, _asWord(evidence));
        else _checkForged(case_, logged.record, summed, evidence);
        return (logged.record.round, logged.signers);
    }

    function _checkWrong(uint32 words, Summed calldata summed, Word calldata word) private pure {
        Input[] calldata inputs = _shown(summed);
        require(word.index < words, IMarket.WordOutOfRange(word.index, words));
        require(
            word.inputs.length == inputs.length && word.inputProofs.length == inputs.length,
            IMarket.WordCountInvalid(word.inputs.length, inputs.length)
        );
        uint256 depth = _depth(words);
        for (uint256 i = 0; i < inputs.length; ++i) {
            require(
                _holds(inputs[i].root, word.inputs[i], word.index, depth, word.inputProofs[i]),
                IMarket.WordProofInvalid(i)
            );
        }
        require(
            _holds(summed.sumRoot, word.sum, word.index, depth, word.sumProof),
            IMarket.WordProofInvalid(inputs.length)
        );
        require(_sum(word.inputs) != word.sum, IMarket.SumRight(word.index));
    }

    function _checkForged(
        Case calldata case_,
        Record calldata record,
        Summed calldata summed,
        bytes calldata evidence
    ) private pure {
        (DataParty[] calldata datas, uint256 input) = _asParties(evidence);
        require(Digests.datas(datas) == case_.datas, IMarket.DatasMismatch(case_.datas));
        if (summed.cohorts.length != record.cohorts.length) return;
        Input[] calldata inputs = _shown(summed);
        uint256 survivors = record.cohorts[summed.cohort] & record.survivors;
        if (inputs.length != Bits.count(survivors)) return;
        require(input < inputs.length, IMarket.InputMissing(input, inputs.length));
        for (uint256 i = 0; i < input; ++i) {
            survivors &= survivors - 1;
        }
        address device = datas[Bits.lowest(survivors)].device;
        bytes32 statement = Digests.update(record.opened, record.cohortsDigest, inputs[input].root);
        bytes32 once = Digests.once(case_.id, Kind.Update, record.round, statement);
        require(!signed(case_.domain, device, once, inputs[input].signature), IMarket.InputGenuine(input));
    }

    /// @return round The round about which `key` signed two statements.
    function _twice(Case calldata case_, Kind kind, address key, Twice calldata twice)
        private
        pure
        returns (uint8 round)
    {
        round = twice.round;
        require(twice.first != twice.second, IMarket.StatementsEqual(twice.first));
        bytes32 first = Digests.once(case_.id, kind, round, twice.first);
        bytes32 second = Digests.once(case_.id, kind, round, twice.second);
        require(signed(case_.domain, key, first, twice.firstSignature), IMarket.StatementInvalid(twice.first));
        require(
            signed(case_.domain, key, second, twice.secondSignature), IMarket.StatementInvalid(twice.second)
        );
    }

    // Evidence is read where it lies: an encoded struct begins where its head word says. What a false head points at is
    // calldata of the accuser's own choice all the same, and every access to it is bounds-checked.

    function _asRound(bytes calldata evidence)
        private
        pure
        returns (Logged calldata logged, Summed calldata summed)
    {
        assembly ("memory-safe") {
            logged := add(evidence.offset, calldataload(evidence.offset))
            summed := add(evidence.offset, calldataload(add(evidence.offset, 0x20)))
        }
    }

    function _asWord(bytes calldata evidence) private pure returns (Word calldata word) {
        assembly ("memory-safe") {
            word := add(evidence.offset, calldataload(add(evidence.offset, 0x40)))
        }
    }

    function _asParties(bytes calldata evidence)
        private
        pure
        returns (DataParty[] calldata datas, uint256 input)
    {
        assembly ("memory-safe") {
            let list := add(evidence.offset, calldataload(add(evidence.offset, 0x40)))
            datas.length := calldataload(list)
            datas.offset := add(list, 0x20)
            input := calldataload(add(evidence.offset, 0x60))
        }
    }

    function _asTwice(bytes calldata evidence) private pure returns (Twice calldata twice) {
        assembly ("memory-safe") {
            twice := add(evidence.offset, calldataload(evidence.offset))
        }
    }

    /// @dev Keys of openers and devices are plain secp256k1, so that what they signed stays checkable.
    function signed(bytes32 domain, address key, bytes32 once, bytes calldata signature)
        internal
        pure
        returns (bool)
    {
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, once);
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && signer == key;
    }

    function _checkSummed(Case calldata case_, Logged calldata logged, Summed calldata summed) private pure {
        bytes32 after_ = Digests.log(logged.before, Digests.record(logged.record), logged.signers);
        for (uint256 i = 0; i < logged.later.length; ++i) {
            Entry calldata entry = logged.later[i];
            after_ = Digests.log(after_, entry.recordHash, entry.signers);
        }
        require(after_ == case_.log, IMarket.LogMismatch(case_.id));
        require(Digests.sums(summed) == logged.record.sums, IMarket.SumsMismatch(logged.record.sums));
    }

    /// @return inputs Of the shown cohort.
    function _shown(Summed calldata summed) private pure returns (Input[] calldata inputs) {
        uint256 cohort = summed.cohort;
        require(cohort < summed.cohorts.length, IMarket.CohortMissing(cohort, summed.cohorts.length));
        inputs = summed.inputs;
        bytes32 digest = Digests.cohort(inputs, summed.sumRoot);
        require(digest == summed.cohorts[cohort], IMarket.SumsMismatch(digest));
    }

    /// @return depth ⌈log2 words⌉.
    function _depth(uint256 words) private pure returns (uint256 depth) {
        // forge-lint: disable-next-line(incorrect-shift)
        while (1 << depth < words) ++depth;
    }

    /// @dev The depth is fixed and a leaf is hashed from 32 bytes, a node from 64: neither passes for the other.
    function _holds(bytes32 root, bytes32 word, uint256 index, uint256 depth, bytes32[] calldata proof)
        private
        pure
        returns (bool)
    {
        if (proof.length != depth) return false;
        bytes32 node = keccak256(abi.encode(word));
        for (uint256 level = 0; level < depth; ++level) {
            bytes32 other = proof[level];
            node = Bits.has(index, level)
                ? keccak256(abi.encode(other, node))
                : keccak256(abi.encode(node, other));
        }
        return node == root;
    }

    /// @notice Lane by lane modulo q.
    function _sum(bytes32[] calldata words) private pure returns (bytes32) {
        uint256 total = 0;
        for (uint256 lane = 0; lane < LANES; ++lane) {
            uint256 shift = lane * LANE_BITS;
            uint256 sum = 0;
            for (uint256 i = 0; i < words.length; ++i) {
                sum += (uint256(words[i]) >> shift) & type(uint64).max;
            }
            total |= (sum % Q) << shift;
        }
        return bytes32(total);
    }
}
