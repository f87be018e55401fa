// SPDX-License-Identifier: MIT
// Everything that is hashed, in one place: its twin is in protocol/, and test/vectors holds both to the same bytes.
pragma solidity 0.8.37;

import {ComputeParty, DataParty, Input, Kind, Parties, Record, Summed, Tally, Terms} from "./IMarket.sol";

library Digests {
    bytes32 internal constant DATA_ACCEPTANCE = keccak256(
        "DataAcceptance(bytes32 task,bytes32 committee,address account,address payee,address device,bytes32 box,uint128 floor,uint32 samples,uint16 quality,uint8 compute,bytes32 dataSignature)"
    );
    bytes32 internal constant COMPUTE_ACCEPTANCE = keccak256(
        "ComputeAcceptance(bytes32 task,address account,address payee,address device,bytes32 box,uint128 price)"
    );
    bytes32 internal constant ONCE = keccak256("Once(bytes32 task,uint8 kind,uint8 round,bytes32 digest)");
    bytes32 internal constant WITHDRAWAL =
        keccak256("Withdrawal(address token,address account,uint256 amount,uint256 nonce,uint256 deadline)");

    // Structs without dynamic parts lie in calldata as their ABI encoding, and are hashed as they lie. Were there bits
    // beyond a field's type, this would be a hash of its own; but creation and start encode every field in their
    // events, which refuses such bits, so no task has such an id or such parties.
    uint256 private constant TERMS_BYTES = 32 * 32;
    uint256 private constant DATA_BYTES = 9 * 32;
    uint256 private constant COMPUTE_BYTES = 5 * 32;

    function taskId(address market, Terms calldata terms) internal pure returns (bytes32 id) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, market)
            calldatacopy(add(free, 0x20), terms, TERMS_BYTES)
            id := keccak256(free, add(TERMS_BYTES, 0x20))
        }
    }

    function committee(ComputeParty[] calldata list) internal pure returns (bytes32) {
        address[] memory accounts = new address[](list.length);
        for (uint256 seat = 0; seat < list.length; ++seat) {
            accounts[seat] = list[seat].account;
        }
        return keccak256(abi.encode(accounts));
    }

    function datas(DataParty[] calldata list) internal pure returns (bytes32) {
        uint256 place;
        assembly ("memory-safe") {
            place := list.offset
        }
        return _list(place, list.length, DATA_BYTES);
    }

    function computes(ComputeParty[] calldata list) internal pure returns (bytes32) {
        uint256 place;
        assembly ("memory-safe") {
            place := list.offset
        }
        return _list(place, list.length, COMPUTE_BYTES);
    }

    /// @return hash keccak of the ABI encoding of a list whose items, `width` bytes each, lie at `place`.
    function _list(uint256 place, uint256 length, uint256 width) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 0x20)
            mstore(add(free, 0x20), length)
            calldatacopy(add(free, 0x40), place, mul(length, width))
            hash := keccak256(free, add(mul(length, width), 0x40))
        }
    }

    /// @param datasHash `datas` of the data parties.
    function parties(ComputeParty[] calldata list, bytes32 datasHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(computes(list), datasHash));
    }

    function parties(Parties calldata all) internal pure returns (bytes32) {
        return parties(all.computes, datas(all.datas));
    }

    /// @dev Twice hashed, so that no leaf can be taken for a node of two.
    function invited(address account) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account))));
    }

    /// @dev The party's fields follow in the order of its struct.
    function dataAcceptance(bytes32 task, bytes32 committeeHash, DataParty calldata party)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = DATA_ACCEPTANCE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), task)
            mstore(add(free, 0x40), committeeHash)
            calldatacopy(add(free, 0x60), party, DATA_BYTES)
            hash := keccak256(free, add(DATA_BYTES, 0x60))
        }
    }

    function computeAcceptance(bytes32 task, ComputeParty calldata party)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = COMPUTE_ACCEPTANCE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), task)
            calldatacopy(add(free, 0x40), party, COMPUTE_BYTES)
            hash := keccak256(free, add(COMPUTE_BYTES, 0x40))
        }
    }

    function once(bytes32 task, Kind kind, uint8 round, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(abi.encode(ONCE, task, kind, round, digest));
    }

    function opening(bytes32 opened, uint40 closes) internal pure returns (bytes32) {
        return keccak256(abi.encode(opened, closes));
    }

    function update(bytes32 opened, bytes32 cohortsDigest, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(opened, cohortsDigest, root));
    }

    function record(Record calldata signed) internal pure returns (bytes32) {
        bytes32 evidence =
            keccak256(abi.encode(signed.closes, signed.opened, signed.cohortsDigest, signed.sums));
        return _record(
            signed.round,
            signed.aggregator,
            signed.delivered,
            signed.survivors,
            signed.cohorts,
            signed.jobs,
            evidence
        );
    }

    /// @notice The hash of the record that a tally was made from.
    function record(Tally calldata tally) internal pure returns (bytes32) {
        return _record(
            tally.round,
            tally.aggregator,
            tally.delivered,
            tally.survivors,
            tally.cohorts,
            tally.jobs,
            tally.evidence
        );
    }

    function _record(
        uint8 round,
        uint8 aggregator,
        uint256 delivered,
        uint256 survivors,
        uint256[] calldata cohorts,
        uint256 jobs,
        bytes32 evidence
    ) private pure returns (bytes32) {
        bytes32 cohortsHash = keccak256(abi.encodePacked(cohorts));
        return keccak256(abi.encode(round, aggregator, delivered, survivors, cohortsHash, jobs, evidence));
    }

    function log(bytes32 before, bytes32 recordHash, uint16 signers) internal pure returns (bytes32) {
        return keccak256(abi.encode(before, recordHash, signers));
    }

    function sums(Summed calldata summed) internal pure returns (bytes32) {
        return keccak256(abi.encode(summed.q, summed.t, summed.n, summed.ciphertexts, summed.cohorts));
    }

    function cohort(Input[] calldata inputs, bytes32 sumRoot) internal pure returns (bytes32) {
        return keccak256(abi.encode(inputs, sumRoot));
    }

    function withdrawal(address token, address account, uint256 amount, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(WITHDRAWAL, token, account, amount, nonce, deadline));
    }

    /// @dev Four words, so that no leaf can be taken for a node of two.
    function leaf(address token, uint256 index, address payee, uint256 amount)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(token, index, payee, amount));
    }
}
