// SPDX-License-Identifier: MIT
// Keys of everyone in the tests, and what they sign.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Digests} from "../Digests.sol";
import {ComputeParty, DataParty, Kind, Record, Tally, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";

abstract contract Signing is Test {
    uint256 internal constant PROVIDER_KEY = 0xA11CE;
    uint256 internal constant OPENER_KEY = 0x0FE4E4;
    uint256 internal constant DATA_KEYS = 0x1000;
    uint256 internal constant COMPUTE_KEYS = 0x2000;
    /// A device key is its account's key plus this.
    uint256 internal constant DEVICE = 0x100000;
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    Market internal market;

    /// @notice `count` keys from `first` on, in the order of their accounts.
    function sortedKeys(uint256 first, uint256 count) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](count);
        address[] memory accounts = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            address account = vm.addr(first + i);
            uint256 j = i;
            for (; j > 0 && accounts[j - 1] > account; --j) {
                (accounts[j], keys[j]) = (accounts[j - 1], keys[j - 1]);
            }
            (accounts[j], keys[j]) = (account, first + i);
        }
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The mirrored twin of the first signature, which recovers to the same key.
    function highS(bytes memory signatures) internal pure returns (bytes memory twin) {
        twin = bytes.concat(signatures);
        uint256 s;
        assembly ("memory-safe") {
            s := mload(add(twin, 0x40))
        }
        s = ORDER - s;
        assembly ("memory-safe") {
            mstore(add(twin, 0x40), s)
        }
        twin[64] = twin[64] == bytes1(uint8(27)) ? bytes1(uint8(28)) : bytes1(uint8(27));
    }

    function domain() internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Galaxy"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
    }

    function typed(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain(), structHash));
    }

    function dataDigest(bytes32 id, bytes32 committee, DataParty memory party)
        internal
        view
        returns (bytes32)
    {
        return typed(
            keccak256(bytes.concat(abi.encode(Digests.DATA_ACCEPTANCE, id, committee), abi.encode(party)))
        );
    }

    function computeDigest(bytes32 id, ComputeParty memory party) internal view returns (bytes32) {
        return typed(keccak256(bytes.concat(abi.encode(Digests.COMPUTE_ACCEPTANCE, id), abi.encode(party))));
    }

    function onceDigest(bytes32 id, Kind kind, uint8 round, bytes32 statement)
        internal
        view
        returns (bytes32)
    {
        return typed(keccak256(abi.encode(Digests.ONCE, id, kind, round, statement)));
    }

    function withdrawalDigest(address paid, address account, uint256 amount, uint256 nonce, uint256 deadline)
        internal
        view
        returns (bytes32)
    {
        return typed(keccak256(abi.encode(Digests.WITHDRAWAL, paid, account, amount, nonce, deadline)));
    }

    function committeeOf(ComputeParty[] memory computes) internal pure returns (bytes32) {
        address[] memory accounts = new address[](computes.length);
        for (uint256 seat = 0; seat < accounts.length; ++seat) {
            accounts[seat] = computes[seat].account;
        }
        return keccak256(abi.encode(accounts));
    }

    function idOf(Terms memory terms) internal view returns (bytes32) {
        return keccak256(abi.encode(address(market), terms));
    }

    function openingOf(Record memory record) internal pure returns (bytes32) {
        return keccak256(abi.encode(record.opened, record.closes));
    }

    function recordHash(Record memory record) internal pure returns (bytes32) {
        Tally memory tally = tallyOf(record, 0);
        return keccak256(
            abi.encode(
                tally.round,
                tally.aggregator,
                tally.delivered,
                tally.survivors,
                keccak256(abi.encodePacked(tally.cohorts)),
                tally.jobs,
                tally.evidence
            )
        );
    }

    function tallyOf(Record memory record, uint16 signers) internal pure returns (Tally memory) {
        return Tally({
            round: record.round,
            aggregator: record.aggregator,
            signers: signers,
            delivered: record.delivered,
            survivors: record.survivors,
            cohorts: record.cohorts,
            jobs: record.jobs,
            evidence: keccak256(abi.encode(record.closes, record.opened, record.cohortsDigest, record.sums))
        });
    }
}
