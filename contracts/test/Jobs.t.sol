// SPDX-License-Identifier: MIT
// Pay for job work: Jobs.tree.
pragma solidity 0.8.37;

import {Claim, Record, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Reference} from "./Reference.sol";

contract JobsTest is Fixture {
    uint256 private constant DATAS = 4;
    uint256 private constant SEATS = 4;

    function test_paysEachSeatTheKilounitsOfItsLane() public {
        Cast memory cast = ready(100, "");
        assertPaid(cast, one(lanes(1, 2, 3, 4)), [uint256(1), 2, 3, 4]);
    }

    function test_paysTheAggregatorAndSignersForTheirRoundsBesides() public {
        Cast memory cast = ready(100, "");
        Tally[] memory rounds = play(cast, one(lanes(7, 0, 0, 9)));
        assertEq(rounds[0].aggregator, 1);
        Claim[] memory owed = settled(cast, rounds, 0);
        uint256 bond = cast.terms.computeBond;
        uint256 adding = 4 * 8192 * DATAS;
        assertEq(owed[DATAS].amount, bond + 1 * (1_000 + 7_000) / 1_000, "lane and signature");
        assertEq(owed[DATAS + 1].amount, bond + 2 * (adding + 1_000) / 1_000, "sum and signature");
        assertEq(owed[DATAS + 2].amount, bond + 3 * 1_000 / 1_000, "signature");
        assertEq(owed[DATAS + 3].amount, bond + 4 * (1_000 + 9_000) / 1_000, "lane and signature");
    }

    function test_paysAnAggregatorItsLaneToo() public {
        Cast memory cast = ready(100, "");
        Tally[] memory rounds = play(cast, one(lanes(0, 50, 0, 0)));
        uint256 units = 4 * 8192 * DATAS + 1_000 + 50_000;
        assertEq(
            settled(cast, rounds, 0)[DATAS + 1].amount,
            cast.terms.computeBond + 2 * units / 1_000,
            "all three"
        );
    }

    function test_paysNothingForLanesOfZero() public {
        Cast memory cast = ready(100, "");
        assertPaid(cast, two(0, 0), [uint256(0), 0, 0, 0]);
    }

    function test_paysEarlierRoundsFirst() public {
        Cast memory cast = ready(5, "");
        assertPaid(cast, two(lanes(0, 0, 0, 4), lanes(4, 4, 0, 0)), [uint256(1), 0, 0, 4]);
    }

    function test_paysLowerSeatsFirstAndAPartOfTheLaneInWhichTheKilounitsEnd() public {
        Cast memory cast = ready(5, "");
        assertPaid(cast, two(lanes(3, 4, 5, 0), lanes(1, 1, 1, 1)), [uint256(3), 2, 0, 0]);
    }

    function test_paysEveryKilounitOfTheTermsAndTheWholeOfALane() public {
        Cast memory cast = ready(uint32(type(uint16).max) + 3, "");
        assertPaid(
            cast,
            two(lanes(1, 0, type(uint16).max, 0), lanes(0, 0, 0, 2)),
            [uint256(1), 0, type(uint16).max, 2]
        );
    }

    function test_paysNoJobWorkWhenTheTermsPayNone() public {
        Cast memory cast = ready(0, "");
        assertPaid(cast, one(type(uint256).max), [uint256(0), 0, 0, 0]);
    }

    function test_paysNothingForALaneOfAnAbsentSeatAndOthersTheirWholeLanes() public {
        Cast memory cast = ready(5, hex"02");
        assertPaid(cast, one(lanes(1, type(uint16).max, 2, 9)), [uint256(1), 0, 2, 2]);
    }

    function test_paysNothingForLanesBeyondTheCommittee() public {
        Cast memory cast = ready(5, "");
        uint256 beyond = type(uint256).max << 64;
        assertPaid(cast, two(beyond, beyond | lanes(0, 0, 0, 4)), [uint256(0), 0, 0, 4]);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_C18_computeEarnsNoMoreThanItsPoolWhateverLanesAreSigned(
        uint256[3] memory jobs,
        uint32 kilounits,
        uint256 narrow,
        uint8 absent
    ) public {
        Cast memory cast = castFor(DATAS, SEATS);
        cast.terms.jobKilounits = kilounits % 2 == 0 ? kilounits : kilounits % 70_000;
        cast.terms.computePool = uint128(Reference.worstCompute(cast.terms, cast.computes, DATAS));
        begin(cast, absent % 5 == 4 ? bytes("") : abi.encodePacked(uint8(1 << absent % 5)));
        uint256[] memory signed_ = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signed_[i] = jobs[i] >> (narrow >> 8 * i) % 256;
        }
        Tally[] memory rounds = play(cast, signed_);
        uint16 missing = statusOf(idOf(cast.terms)).absent;
        Claim[] memory owed = settled(cast, rounds, missing);
        uint256 pay = 0;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            pay += owed[DATAS + seat].amount;
        }
        pay -= cast.terms.computeBond * (missing == 0 ? SEATS : SEATS - 1);
        assertLe(pay, cast.terms.computePool, "C18");
        assertEq(Reference.totalOf(owed), Reference.funded(cast.terms, SEATS, missing), "C2");
    }

    /// @notice A kilounit costs the seat's number, counted from one.
    function ready(uint32 kilounits, bytes memory absent) private returns (Cast memory cast) {
        cast = castFor(DATAS, SEATS);
        cast.terms.jobKilounits = kilounits;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            cast.computes[seat].price = uint128(1_000 * (seat + 1));
        }
        begin(cast, absent);
    }

    /// @param absent A bitmap of one seat, or nothing.
    function begin(Cast memory cast, bytes memory absent) private {
        cast.terms.threshold = cast.terms.minComputes = 3;
        sign(cast);
        for (uint256 seat = 0; absent.length != 0 && seat < SEATS; ++seat) {
            if (uint8(absent[0]) >> seat & 1 == 1) cast.computeSignatures[seat] = "";
        }
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    function one(uint256 jobs) private pure returns (uint256[] memory all) {
        all = new uint256[](1);
        all[0] = jobs;
    }

    function two(uint256 first, uint256 second) private pure returns (uint256[] memory all) {
        all = new uint256[](2);
        (all[0], all[1]) = (first, second);
    }

    /// @notice Rounds by everyone who is present, with these lanes.
    function play(Cast memory cast, uint256[] memory jobs) private returns (Tally[] memory rounds) {
        uint16 present = everyone(cast) & ~statusOf(idOf(cast.terms)).absent;
        rounds = new Tally[](jobs.length);
        for (uint256 i = 0; i < jobs.length; ++i) {
            Record memory record = recordFor(cast, uint8(i + 1));
            while ((present >> record.aggregator) & 1 == 0) record.aggregator = (record.aggregator + 1) % 4;
            record.jobs = jobs[i];
            rounds[i] = commit(cast, commitmentFor(cast, record, present));
        }
    }

    function settled(Cast memory cast, Tally[] memory rounds, uint16 absent)
        private
        returns (Claim[] memory owed)
    {
        settle(cast, rounds);
        owed = claimsOf(cast, rounds, absent, false);
        assertEq(
            market.task(idOf(cast.terms)).root, Reference.rootOf(cast.terms.token, owed), "as the reference"
        );
    }

    /// @notice Plays, settles, and compares with what the same rounds pay without lanes.
    function assertPaid(Cast memory cast, uint256[] memory jobs, uint256[SEATS] memory kilounits) private {
        uint16 absent = statusOf(idOf(cast.terms)).absent;
        Tally[] memory rounds = play(cast, jobs);
        Claim[] memory owed = settled(cast, rounds, absent);
        for (uint256 i = 0; i < rounds.length; ++i) {
            rounds[i].jobs = 0;
        }
        Claim[] memory bare = claimsOf(cast, rounds, absent, false);
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            uint256 paid = owed[DATAS + seat].amount - bare[DATAS + seat].amount;
            assertEq(paid, (seat + 1) * kilounits[seat], "lane");
        }
    }
}
