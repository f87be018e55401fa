// SPDX-License-Identifier: MIT
// What nobody gains: by utilities, by splitting itself, by samples. Rewards.tree. The market pays what Reference says
// (Settle.t.sol, Plans.t.sol), so these compare payouts without playing tasks.
pragma solidity 0.8.37;

import {DataParty, Plan, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {Reference} from "./Reference.sol";

contract RewardsTest is Fixture {
    uint256 private constant DATAS = 9;
    uint256 private constant ROUNDS = 5;

    Cast private cast;

    function setUp() public override {
        super.setUp();
        Cast memory made = castFor(DATAS, 4);
        made.terms.maxCohorts = 3;
        store(made);
    }

    function testFuzz_C6_utilitiesChangeTheModelProvidersLeafByDustOnly(uint256 seed, bool rank) public {
        Cast memory all = cast;
        all.terms.plan = rank ? Plan.Rank : Plan.Proportional;
        Tally[] memory rounds = played(seed, 0);
        uint256 first = leafOf(all, rounds, scores(rounds, seed, 1));
        uint256 second = leafOf(all, rounds, scores(rounds, seed, 2));
        uint256 equal = leafOf(all, rounds, new int32[][](0));
        assertApproxEqAbs(first, second, DATAS);
        assertApproxEqAbs(first, equal, DATAS);
    }

    /// @notice The last provider splits its samples in two within its cohort, under any plan.
    function testFuzz_C16_splittingOneselfChangesOthersByDustOnly(uint256 seed, uint32 part) public {
        Cast memory all = cast;
        all.terms.plan = Plan(seed % 3);
        all.datas[DATAS - 1].samples = uint32(2 + seed % (all.terms.sampleCap - 1));
        all.datas[DATAS - 1].floor = 0;
        Tally[] memory rounds = played(seed, 0);
        int32[][] memory utilities = all.terms.plan == Plan.Equal ? new int32[][](0) : scores(rounds, seed, 1);
        uint256[] memory whole = amountsOf(all, rounds, utilities);

        DataParty[] memory split = new DataParty[](DATAS + 1);
        for (uint256 i = 0; i < DATAS; ++i) {
            split[i] = all.datas[i];
        }
        uint32 samples = all.datas[DATAS - 1].samples;
        split[DATAS] = abi.decode(abi.encode(all.datas[DATAS - 1]), (DataParty));
        split[DATAS].samples = 1 + part % (samples - 1);
        split[DATAS - 1].samples = samples - split[DATAS].samples;
        all.datas = split;
        uint256[] memory halves = amountsOf(all, played(seed, 1 << DATAS), utilities);

        for (uint256 i = 0; i < DATAS - 1; ++i) {
            assertEq(halves[i], whole[i], "others");
        }
        uint256 together = halves[DATAS - 1] + halves[DATAS];
        assertLe(together, whole[DATAS - 1], "nothing gained");
        assertApproxEqAbs(together, whole[DATAS - 1], 1, "dust");
    }

    /// @notice Who claims more samples than it has gains at most cap ÷ true, and nothing beyond the cap.
    function testFuzz_inflatedSamplesGainAtMostTheCapOverTheTruth(uint256 seed, uint32 claimed) public {
        Cast memory all = cast;
        uint32 samples = uint32(1 + seed % all.terms.sampleCap);
        all.datas[0].floor = 0;
        all.datas[0].samples = samples;
        Tally[] memory rounds = played(seed, 0);
        uint256 fair = amountsOf(all, rounds, new int32[][](0))[0];
        all.datas[0].samples = claimed;
        vm.assume(claimed != 0);
        uint256 got = amountsOf(all, rounds, new int32[][](0))[0];
        assertLe(got * samples, (fair + 1) * max(samples, all.terms.sampleCap));
    }

    /// @notice Floors are out of reach of any utilities.
    function testFuzz_utilitiesNeverReachFloors(uint256 seed, bool rank) public {
        Cast memory all = cast;
        all.terms.plan = rank ? Plan.Rank : Plan.Proportional;
        Tally[] memory rounds = played(seed, 0);
        int32[][] memory utilities = scores(rounds, seed, 1);
        uint256[] memory owed = amountsOf(all, rounds, utilities);
        for (uint256 i = 0; i < DATAS; ++i) {
            assertGe(owed[i], Reference.floorOf(all.terms, all.datas, rounds, i));
        }
    }

    function store(Cast memory made) private {
        cast.terms = made.terms;
        for (uint256 i = 0; i < made.datas.length; ++i) {
            cast.datas.push(made.datas[i]);
        }
        for (uint256 i = 0; i < made.computes.length; ++i) {
            cast.computes.push(made.computes[i]);
        }
    }

    /// @dev Three cohorts of three; `twin` delivers whenever the last provider does, in its cohort.
    function played(uint256 seed, uint256 twin) private pure returns (Tally[] memory rounds) {
        rounds = new Tally[](ROUNDS);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            uint256 noise = uint256(keccak256(abi.encode(seed, i)));
            rounds[i].round = uint8(2 * i + 1);
            rounds[i].signers = 7;
            rounds[i].delivered = (noise & 0x1ff) | 7;
            rounds[i].survivors = noise % 3 == 0 ? rounds[i].delivered & 0x03f : rounds[i].delivered;
            rounds[i].cohorts = new uint256[](3);
            (rounds[i].cohorts[0], rounds[i].cohorts[1], rounds[i].cohorts[2]) = (0x007, 0x038, 0x1c0 | twin);
            if (rounds[i].delivered & 0x100 != 0) rounds[i].delivered |= twin;
        }
    }

    function scores(Tally[] memory rounds, uint256 seed, uint256 which)
        private
        view
        returns (int32[][] memory utilities)
    {
        utilities = new int32[][]((2 * (ROUNDS - 1)) / cast.terms.roundsPerEpoch + 1);
        for (uint256 e = 0; e < utilities.length; ++e) {
            utilities[e] = new int32[](3);
            for (uint256 c = 0; c < 3; ++c) {
                if (!Reference.wasOpened(cast.terms, rounds, e, c)) continue;
                utilities[e][c] =
                    int32(int256(uint256(keccak256(abi.encode(seed, which, e, c))) % 2001) - 1000);
            }
        }
    }

    /// @dev Up to what compute and bonds make of it, on which utilities have no say.
    function leafOf(Cast memory all, Tally[] memory rounds, int32[][] memory utilities)
        private
        pure
        returns (uint256 left)
    {
        uint256[] memory amounts = amountsOf(all, rounds, utilities);
        left = all.terms.dataPool;
        for (uint256 i = 0; i < amounts.length; ++i) {
            left -= amounts[i];
        }
    }

    function amountsOf(Cast memory all, Tally[] memory rounds, int32[][] memory utilities)
        private
        pure
        returns (uint256[] memory)
    {
        return Reference.dataAmounts(all.terms, all.datas, rounds, utilities, false);
    }

    function max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
