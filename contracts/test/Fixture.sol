// SPDX-License-Identifier: MIT
// A market, a token and as many participants with real keys as a test asks for, each step of a task one call.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Digests} from "../Digests.sol";
import {
    Claim,
    Commitment,
    ComputeParty,
    DataParty,
    Kind,
    Plan,
    Record,
    State,
    Status,
    Tally,
    Task,
    Terms
} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {Reference} from "./Reference.sol";

/// @notice Everyone in one task with everything they signed.
struct Cast {
    Terms terms;
    ComputeParty[] computes;
    bytes[] computeSignatures;
    DataParty[] datas;
    bytes[] dataSignatures;
}

abstract contract Fixture is Test {
    uint256 internal constant PROVIDER_KEY = 0xA11CE;
    uint256 internal constant OPENER_KEY = 0x0FE4E4;
    uint256 internal constant DATA_KEYS = 0x1000;
    uint256 internal constant COMPUTE_KEYS = 0x2000;
    /// A device key is its account's key plus this.
    uint256 internal constant DEVICE = 0x100000;
    address internal constant STRANGER = address(0x57A4);

    Market internal market;
    TestToken internal token;
    address internal modelProvider = vm.addr(PROVIDER_KEY);

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        market = new Market(1 hours);
        token = new TestToken();
    }

    // Who

    function termsFor(uint256 datas, uint256 computes) internal view returns (Terms memory terms) {
        terms.modelProvider = modelProvider;
        terms.opener = vm.addr(OPENER_KEY);
        terms.token = address(token);
        terms.plan = Plan.Equal;
        terms.dataPool = 1_000_000_007;
        terms.computePool = 500_000_003;
        terms.bond = 100_000_001;
        terms.computeBond = 10_000_019;
        terms.disputeBond = 1_000;
        terms.specHash = keccak256("spec");
        terms.schemaId = keccak256("schema");
        terms.salt = keccak256("salt");
        terms.words = 8192;
        terms.sampleCap = 5000;
        terms.unitsPerSignature = 1000;
        terms.roundsPerEpoch = 3;
        terms.idleWindow = 2 hours;
        terms.challengeWindow = 3 hours;
        terms.startBy = uint40(block.timestamp + 1 days);
        terms.minQuality = 5000;
        terms.minDatas = 3;
        terms.maxDatas = uint8(datas);
        terms.maxComputes = uint8(computes);
        terms.threshold = uint8(2 * computes / 3 + 1);
        terms.minComputes = terms.threshold;
        terms.minCohort = 3;
        terms.maxCohorts = 4;
        terms.maxRounds = 60;
        terms.paidRounds = 10;
    }

    /// @notice Everyone signed `terms`; data provider i names compute seat i modulo their number.
    function castFor(Terms memory terms, uint256 datas, uint256 computes)
        internal
        view
        returns (Cast memory cast)
    {
        cast.terms = terms;
        cast.computes = new ComputeParty[](computes);
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, computes);
        for (uint256 seat = 0; seat < computes; ++seat) {
            address account = vm.addr(keys[seat]);
            cast.computes[seat] = ComputeParty({
                account: account,
                payee: account,
                device: vm.addr(keys[seat] + DEVICE),
                box: keccak256(abi.encode("box", account)),
                price: uint128(1000 + 37 * seat)
            });
        }
        cast.datas = new DataParty[](datas);
        keys = sortedKeys(DATA_KEYS, datas);
        for (uint256 seat = 0; seat < datas; ++seat) {
            address account = vm.addr(keys[seat]);
            cast.datas[seat] = DataParty({
                account: account,
                payee: address(uint160(account) ^ 1),
                device: vm.addr(keys[seat] + DEVICE),
                box: keccak256(abi.encode("box", account)),
                floor: uint128(1_000_003 + 101 * seat),
                samples: uint32(700 + 613 * seat),
                quality: uint16(5000 + seat),
                compute: uint8(seat % computes),
                dataSignature: keccak256(abi.encode("data", account))
            });
        }
        sign(cast);
    }

    function castFor(uint256 datas, uint256 computes) internal view returns (Cast memory) {
        return castFor(termsFor(datas, computes), datas, computes);
    }

    /// @notice Makes all acceptances anew, for whatever the cast says now.
    function sign(Cast memory cast) internal view {
        bytes32 id = idOf(cast.terms);
        bytes32 committee = committeeOf(cast);
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, cast.computes.length);
        cast.computeSignatures = new bytes[](keys.length);
        for (uint256 seat = 0; seat < keys.length; ++seat) {
            cast.computeSignatures[seat] = signed(keys[seat], computeDigest(id, cast.computes[seat]));
        }
        keys = sortedKeys(DATA_KEYS, cast.datas.length);
        cast.dataSignatures = new bytes[](keys.length);
        for (uint256 seat = 0; seat < keys.length; ++seat) {
            cast.dataSignatures[seat] = signed(keys[seat], dataDigest(id, committee, cast.datas[seat]));
        }
    }

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

    // Signatures

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function typed(bytes32 structHash) internal view returns (bytes32) {
        (, string memory name, string memory version, uint256 chainId, address verifier,,) =
            market.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
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
        return typed(Digests.once(id, kind, round, statement));
    }

    function committeeOf(Cast memory cast) internal pure returns (bytes32) {
        address[] memory accounts = new address[](cast.computes.length);
        for (uint256 seat = 0; seat < accounts.length; ++seat) {
            accounts[seat] = cast.computes[seat].account;
        }
        return keccak256(abi.encode(accounts));
    }

    function datasHash(Cast memory cast) internal pure returns (bytes32) {
        return keccak256(abi.encode(cast.datas));
    }

    function idOf(Terms memory terms) internal view returns (bytes32) {
        return keccak256(abi.encode(address(market), terms));
    }

    // Steps

    function create(Terms memory terms) internal returns (bytes32) {
        uint256 funds = uint256(terms.dataPool) + terms.computePool + terms.bond;
        token.mint(terms.modelProvider, funds);
        vm.startPrank(terms.modelProvider);
        token.approve(address(market), funds);
        bytes32 id = market.create(terms);
        vm.stopPrank();
        return id;
    }

    function depositBonds(Cast memory cast) internal {
        for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
            depositAs(cast.computes[seat].account, cast.terms.computeBond);
        }
    }

    function depositAs(address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.startPrank(account);
        token.approve(address(market), amount);
        market.deposit(address(token), amount);
        vm.stopPrank();
    }

    function start(Cast memory cast) internal {
        vm.prank(cast.terms.modelProvider);
        market.start(cast.terms, cast.computes, cast.computeSignatures, cast.datas, cast.dataSignatures);
    }

    function running(uint256 datas, uint256 computes) internal returns (Cast memory cast) {
        cast = castFor(datas, computes);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    /// @notice Everyone in one cohort delivered and survived.
    function recordFor(Cast memory cast, uint8 round) internal view returns (Record memory record) {
        record.round = round;
        record.closes = uint40(block.timestamp + 1 hours);
        record.opened = keccak256(abi.encode("opened", round));
        record.cohortsDigest = keccak256(abi.encode("cohorts", round));
        record.aggregator = uint8(round % cast.computes.length);
        record.cohorts = new uint256[](1);
        record.cohorts[0] = (1 << cast.datas.length) - 1;
        record.delivered = record.cohorts[0];
        record.survivors = record.cohorts[0];
        record.sums = keccak256(abi.encode("sums", round));
    }

    function commitmentFor(Cast memory cast, Record memory record, uint16 signers)
        internal
        view
        returns (Commitment memory commitment)
    {
        bytes32 id = idOf(cast.terms);
        bytes32 opening = keccak256(abi.encode(record.opened, record.closes));
        commitment.record = record;
        commitment.signers = signers;
        commitment.openerSignature = signed(OPENER_KEY, onceDigest(id, Kind.Opening, record.round, opening));
        bytes32 digest = onceDigest(id, Kind.Record, record.round, recordHash(record));
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, cast.computes.length);
        for (uint256 seat = 0; seat < keys.length; ++seat) {
            if ((signers >> seat) & 1 == 0) continue;
            commitment.signatures = bytes.concat(commitment.signatures, signed(keys[seat] + DEVICE, digest));
        }
    }

    function commitmentFor(Cast memory cast, Record memory record) internal view returns (Commitment memory) {
        return commitmentFor(cast, record, everyone(cast));
    }

    function commit(Cast memory cast, Commitment memory commitment) internal returns (Tally memory) {
        market.commitRound(cast.terms, cast.computes, datasHash(cast), commitment);
        return tallyOf(commitment.record, commitment.signers);
    }

    function commit(Cast memory cast, uint8 round) internal returns (Tally memory) {
        return commit(cast, commitmentFor(cast, recordFor(cast, round)));
    }

    function commitMany(Cast memory cast, uint256 rounds) internal returns (Tally[] memory tallies) {
        tallies = new Tally[](rounds);
        for (uint256 i = 0; i < rounds; ++i) {
            tallies[i] = commit(cast, uint8(i + 1));
        }
    }

    function settle(Cast memory cast, Tally[] memory tallies) internal {
        vm.prank(cast.terms.modelProvider);
        market.settle(cast.terms, cast.computes, cast.datas, tallies);
    }

    function claimsOf(Cast memory cast, Tally[] memory tallies, uint16 absent, bool vanished)
        internal
        pure
        returns (Claim[] memory)
    {
        return Reference.claims(cast.terms, cast.computes, cast.datas, tallies, absent, vanished);
    }

    function claimOne(bytes32 id, Claim memory one) internal {
        Claim[] memory claims = new Claim[](1);
        claims[0] = one;
        market.claim(id, address(token), claims);
    }

    // Readings

    function statusOf(bytes32 id) internal view returns (Status memory) {
        return market.task(id).status;
    }

    function assertState(bytes32 id, State expected) internal view {
        assertEq(uint8(statusOf(id).state), uint8(expected), "state");
    }

    function everyone(Cast memory cast) internal pure returns (uint16) {
        return uint16((1 << cast.computes.length) - 1);
    }

    function recordHash(Record memory record) internal pure returns (bytes32) {
        Tally memory tally = tallyOf(record, 0);
        return keccak256(
            abi.encode(
                tally.round,
                tally.aggregator,
                tally.delivered,
                tally.survivors,
                tally.cohortsHash,
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
            cohortsHash: keccak256(abi.encodePacked(record.cohorts)),
            evidence: keccak256(abi.encode(record.closes, record.opened, record.cohortsDigest, record.sums))
        });
    }
}
