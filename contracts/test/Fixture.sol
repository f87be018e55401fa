// SPDX-License-Identifier: MIT
// A market, a token and as many participants with real keys as a test asks for, each step of a task one call.
pragma solidity 0.8.37;

import {
    Acceptances,
    Charge,
    Claim,
    Commitment,
    ComputeParty,
    DataParty,
    Kind,
    Parties,
    Plan,
    Record,
    State,
    Status,
    Tally,
    Terms
} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {Reference} from "./Reference.sol";
import {Signing} from "./Signing.sol";
import {Trees} from "./Trees.sol";

/// @notice Everyone in one task with everything they signed.
struct Cast {
    Terms terms;
    ComputeParty[] computes;
    bytes[] computeSignatures;
    DataParty[] datas;
    bytes[] dataSignatures;
    bytes32[][] invitations;
}

abstract contract Fixture is Signing {
    address internal constant STRANGER = address(0x57A4);

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
        terms.jobKilounits = 100;
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
        bytes32 committee = committeeOf(cast.computes);
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

    /// @notice Only the cast's data providers may take part. Acceptances are to be signed again.
    function invite(Cast memory cast) internal pure {
        bytes32[] memory leaves = new bytes32[](cast.datas.length);
        for (uint256 seat = 0; seat < leaves.length; ++seat) {
            leaves[seat] = keccak256(bytes.concat(keccak256(abi.encode(cast.datas[seat].account))));
        }
        (cast.terms.invited, cast.invitations) = Trees.ascending(leaves);
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
        market.start(cast.terms, partiesOf(cast), acceptancesOf(cast));
    }

    function running(uint256 datas, uint256 computes) internal returns (Cast memory cast) {
        cast = castFor(datas, computes);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    /// @notice Lanes of the first four seats.
    function lanes(uint16 first, uint16 second, uint16 third, uint16 fourth) internal pure returns (uint256) {
        return first | uint256(second) << 16 | uint256(third) << 32 | uint256(fourth) << 48;
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
        commitment.record = record;
        commitment.signers = signers;
        commitment.openerSignature =
            signed(OPENER_KEY, onceDigest(id, Kind.Opening, record.round, openingOf(record)));
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

    function settle(Cast memory cast, Tally[] memory tallies, int32[][] memory utilities) internal {
        settleAs(cast.terms.modelProvider, cast, tallies, utilities);
    }

    function settle(Cast memory cast, Tally[] memory tallies) internal {
        settle(cast, tallies, new int32[][](0));
    }

    function settleAs(address who, Cast memory cast, Tally[] memory tallies) internal {
        settleAs(who, cast, tallies, new int32[][](0));
    }

    function settleAs(address who, Cast memory cast, Tally[] memory tallies, int32[][] memory utilities)
        internal
    {
        vm.prank(who);
        market.settle(cast.terms, partiesOf(cast), tallies, utilities);
    }

    function prove(Cast memory cast, Charge charge, bytes memory evidence) internal {
        vm.prank(STRANGER);
        market.prove(cast.terms, cast.computes, datasHash(cast), charge, evidence);
    }

    function claimsOf(
        Cast memory cast,
        Tally[] memory tallies,
        int32[][] memory utilities,
        uint16 absent,
        bool punished
    ) internal pure returns (Claim[] memory) {
        return Reference.claims(cast.terms, partiesOf(cast), tallies, utilities, absent, punished);
    }

    function claimsOf(Cast memory cast, Tally[] memory tallies, uint16 absent, bool punished)
        internal
        pure
        returns (Claim[] memory)
    {
        return claimsOf(cast, tallies, new int32[][](0), absent, punished);
    }

    function claimOne(Terms memory terms, Claim memory one) internal {
        Claim[] memory claims = new Claim[](1);
        claims[0] = one;
        market.claim(terms, claims);
    }

    function openClaims(Cast memory cast) internal {
        vm.warp(uint256(statusOf(idOf(cast.terms)).deadline) + 1);
    }

    // Readings

    function partiesOf(Cast memory cast) internal pure returns (Parties memory) {
        return Parties(cast.computes, cast.datas);
    }

    function acceptancesOf(Cast memory cast) internal pure returns (Acceptances memory) {
        return Acceptances(cast.computeSignatures, cast.dataSignatures, cast.invitations);
    }

    function datasHash(Cast memory cast) internal pure returns (bytes32) {
        return keccak256(abi.encode(cast.datas));
    }

    function statusOf(bytes32 id) internal view returns (Status memory) {
        return market.task(id).status;
    }

    function assertState(bytes32 id, State expected) internal view {
        assertEq(uint8(statusOf(id).state), uint8(expected), "state");
    }

    function everyone(Cast memory cast) internal pure returns (uint16) {
        return uint16((1 << cast.computes.length) - 1);
    }
}
