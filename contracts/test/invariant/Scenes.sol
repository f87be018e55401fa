// SPDX-License-Identifier: MIT
// Tasks that may happen, with everything anybody could sign in them, made once: acting at random is then cheap.
pragma solidity 0.8.37;

import {Kind, Plan, Record, Summed, Terms, Word} from "../../IMarket.sol";
import {Market} from "../../Market.sol";
import {TestToken} from "../../TestToken.sol";
import {ContractAccount} from "../Accounts.sol";
import {Cast} from "../Fixture.sol";
import {ProofFixture} from "../ProofFixture.sol";
import {Reference} from "../Reference.sol";
import {ListingToken, ReentrantToken} from "../Tokens.sol";

/// @notice What a round's inputs and sums really are.
enum Truth {
    Honest,
    WrongSum,
    ForgedInput
}

/// @notice A round as everyone would sign it, and what could be shown of it.
struct Scripted {
    Record record;
    bytes openerSignature;
    bytes[] signatures;
    Summed summed;
    Word word;
}

abstract contract Scenes is ProofFixture {
    uint256 internal constant SCENES = 8;
    uint256 internal constant SEATS = 4;
    uint8 internal constant ROUNDS = 6;
    uint256 private constant WORDS = 13;

    /// Plain, with a list of refused payees, and calling back.
    address[3] internal tokens;
    ContractAccount internal contractAccount;
    /// Digest that the contract account would call signed, by scene.
    bytes32[SCENES] internal contractDigests;
    uint256[] internal deviceKeys;

    constructor(Market market_) {
        market = market_;
        tokens[0] = address(new TestToken());
        tokens[1] = address(new ListingToken());
        tokens[2] = address(new ReentrantToken());
        contractAccount = new ContractAccount();
        ReentrantToken(tokens[2]).arm(address(market), abi.encodeCall(Market.withdraw, (tokens[2], 0)));
        for (uint256 scene = 0; scene < SCENES; ++scene) {
            write(scene);
        }
    }

    function castOf(uint256 scene) public view returns (Cast memory) {
        return abi.decode(place("cast", scene).code, (Cast));
    }

    function scriptOf(uint256 scene, uint8 round) public view returns (Scripted memory) {
        return abi.decode(place("round", scene * ROUNDS + round).code, (Scripted));
    }

    function truthOf(uint256 scene, uint8 round) internal pure returns (Truth) {
        return Truth((scene + round) % 3);
    }

    /// @notice Big values are kept as code: one read each.
    function place(string memory kind, uint256 index) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(kind, index)))));
    }

    function write(uint256 scene) private {
        token = TestToken(tokens[scene % 3]);
        uint256 datas = 3 + (scene * 3) % 5;
        Terms memory terms = termsFor(datas, SEATS);
        terms.salt = keccak256(abi.encode(scene));
        terms.plan = Plan((scene / 2) % 3);
        terms.startBy = uint40(block.timestamp + 3 hours * (scene + 1));
        terms.words = uint32(WORDS);
        terms.maxRounds = ROUNDS;
        terms.paidRounds = uint8(1 + scene % ROUNDS);
        terms.maxCohorts = 2;
        terms.jobKilounits = uint32(scene * scene * 1_000);
        terms.computePool = uint128(worstCompute(terms, datas));
        Cast memory cast = castFor(terms, datas, SEATS);
        if (scene % 2 == 1) invite(cast);
        if (scene % 4 == 1) seatContract(scene, cast);
        else sign(cast);
        deviceKeys = seatKeys(cast);
        vm.etch(place("cast", scene), abi.encode(cast));
        vm.etch(place("keys", scene), abi.encode(deviceKeys));
        for (uint8 round = 1; round <= ROUNDS; ++round) {
            vm.etch(place("round", scene * ROUNDS + round), abi.encode(script(scene, cast, round)));
        }
    }

    /// @dev Nothing, a few kilounits of some seats, or whatever sixteen lanes can hold.
    function lanesFor(uint256 scene, uint8 round) private pure returns (uint256 jobs) {
        uint256 drawn = uint256(keccak256(abi.encode("jobs", scene, round)));
        if (drawn % 5 == 0) return 0;
        return drawn % 5 == 1 ? drawn : drawn & lanes(0x7ff, 0x7ff, 0x7ff, 0x7ff);
    }

    function worstCompute(Terms memory terms, uint256 datas) private view returns (uint256) {
        return Reference.worstCompute(terms, castFor(terms, datas, SEATS).computes, datas);
    }

    function script(uint256 scene, Cast memory cast, uint8 round)
        private
        view
        returns (Scripted memory scripted)
    {
        Record memory record = recordFor(cast, round);
        record.closes = type(uint40).max;
        record.aggregator = uint8((scene + round) % 3);
        record.jobs = lanesFor(scene, round);
        uint256 everyone_ = record.cohorts[0];
        if (cast.datas.length > 5) {
            record.cohorts = new uint256[](2);
            (record.cohorts[0], record.cohorts[1]) = (everyone_ & 0x55, everyone_ & 0xaa);
            if (round % 2 == 0) record.survivors &= 0x55;
        } else if (cast.datas.length > 3) {
            record.survivors &= ~uint256(1);
            if (round % 3 == 0) record.delivered &= ~uint256(1);
        }
        Truth truth = truthOf(scene, round);
        (scripted.summed, scripted.word) = wordRound(
            cast, record, uint256(round) * 2, truth == Truth.WrongSum ? uint256(1) << (round * 40) : 0
        );
        if (truth == Truth.ForgedInput) {
            scripted.summed.inputs[0].signature[7] ^= 0x01;
            scripted.summed = show(record, 0, scripted.summed.inputs, scripted.summed.sumRoot);
        }
        scripted.record = record;
        bytes32 id = idOf(cast.terms);
        scripted.openerSignature = signed(OPENER_KEY, onceDigest(id, Kind.Opening, round, openingOf(record)));
        bytes32 digest = onceDigest(id, Kind.Record, round, recordHash(record));
        scripted.signatures = new bytes[](SEATS);
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            scripted.signatures[seat] = signed(deviceKeys[seat], digest);
        }
    }

    /// @dev The contract takes a seat; the others move. Its device stays a key.
    function seatContract(uint256 scene, Cast memory cast) private {
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, SEATS);
        uint256 seat = SEATS - 1;
        cast.computes[seat].account = address(contractAccount);
        cast.computes[seat].payee = address(contractAccount);
        for (; seat > 0 && cast.computes[seat - 1].account > address(contractAccount); --seat) {
            (cast.computes[seat], cast.computes[seat - 1]) = (cast.computes[seat - 1], cast.computes[seat]);
        }
        bytes32 id = idOf(cast.terms);
        contractDigests[scene] = computeDigest(id, cast.computes[seat]);
        uint256 next = 0;
        for (uint256 i = 0; i < SEATS; ++i) {
            cast.computeSignatures[i] =
                i == seat ? bytes(hex"01") : signed(keys[next++], computeDigest(id, cast.computes[i]));
        }
        keys = sortedKeys(DATA_KEYS, cast.datas.length);
        bytes32 committee = committeeOf(cast.computes);
        for (uint256 i = 0; i < keys.length; ++i) {
            cast.dataSignatures[i] = signed(keys[i], dataDigest(id, committee, cast.datas[i]));
        }
    }

    function seatKeys(Cast memory cast) private pure returns (uint256[] memory keys) {
        uint256[] memory all = sortedKeys(COMPUTE_KEYS, SEATS);
        keys = new uint256[](SEATS);
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            for (uint256 i = 0; i < SEATS; ++i) {
                if (vm.addr(all[i] + DEVICE) == cast.computes[seat].device) keys[seat] = all[i] + DEVICE;
            }
        }
    }
}
