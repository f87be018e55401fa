// SPDX-License-Identifier: MIT
// The payouts of IMarket.settle read aloud: slow loops over the formulas, to hold the market's arithmetic against.
pragma solidity 0.8.37;

import {Claim, ComputeParty, DataParty, Parties, Plan, Tally, Terms} from "../IMarket.sol";
import {Trees} from "./Trees.sol";

library Reference {
    function claims(
        Terms memory terms,
        Parties memory parties,
        Tally[] memory rounds,
        int32[][] memory utilities,
        uint16 absent,
        bool punished
    ) internal pure returns (Claim[] memory owed) {
        (ComputeParty[] memory computes, DataParty[] memory datas) = (parties.computes, parties.datas);
        owed = new Claim[](datas.length + computes.length + 1);
        uint256 left = funded(terms, computes.length, absent);
        uint256[] memory amounts = dataAmounts(terms, datas, rounds, utilities, punished);
        for (uint256 i = 0; i < datas.length; ++i) {
            owed[i] = Claim(uint8(i), datas[i].payee, amounts[i], new bytes32[](0));
            left -= amounts[i];
        }
        for (uint256 i = 0; i < computes.length; ++i) {
            uint256 units = 1_000 * jobKilounits(terms, rounds, computes.length, absent, i);
            units += committeeUnits(terms, rounds, i);
            uint256 amount = computes[i].price * units / 1e6;
            if ((absent >> i) & 1 == 0) amount += terms.computeBond;
            owed[datas.length + i] =
                Claim(uint8(datas.length + i), computes[i].payee, amount, new bytes32[](0));
            left -= amount;
        }
        owed[owed.length - 1] = Claim(uint8(owed.length - 1), terms.modelProvider, left, new bytes32[](0));
        prove(terms.token, owed);
    }

    function funded(Terms memory terms, uint256 computes, uint16 absent) internal pure returns (uint256 all) {
        all = uint256(terms.dataPool) + terms.computePool + terms.bond;
        for (uint256 i = 0; i < computes; ++i) {
            if ((absent >> i) & 1 == 0) all += terms.computeBond;
        }
    }

    function dataAmounts(
        Terms memory terms,
        DataParty[] memory datas,
        Tally[] memory rounds,
        int32[][] memory utilities,
        bool punished
    ) internal pure returns (uint256[] memory amounts) {
        uint256 pool = uint256(terms.dataPool) + (punished ? terms.bond : 0);
        uint256 paid = terms.paidRounds;
        uint256[] memory weights = new uint256[](datas.length);
        uint256 all = 0;
        for (uint256 i = 0; i < datas.length; ++i) {
            pool -= datas[i].floor;
            weights[i] = min(datas[i].samples, terms.sampleCap) * cohortWeights(terms, rounds, utilities, i);
            all += weights[i];
        }
        if (all == 0) return dataAmounts(terms, datas, rounds, new int32[][](0), punished);
        amounts = new uint256[](datas.length);
        for (uint256 i = 0; i < datas.length; ++i) {
            amounts[i] = floorOf(terms, datas, rounds, i) + pool * min(rounds.length, paid) * weights[i]
                / (paid * all);
        }
    }

    /// @notice Σ weight(epoch, cohort) over the rounds that `seat` delivered.
    function cohortWeights(
        Terms memory terms,
        Tally[] memory rounds,
        int32[][] memory utilities,
        uint256 seat
    ) internal pure returns (uint256 all) {
        for (uint256 i = 0; i < rounds.length; ++i) {
            if ((rounds[i].delivered >> seat) & 1 == 0) continue;
            for (uint256 c = 0; c < rounds[i].cohorts.length; ++c) {
                if ((rounds[i].cohorts[c] >> seat) & 1 == 0) continue;
                all += utilities.length == 0 ? 1 : weightOf(terms, rounds, utilities, rounds[i].round, c);
            }
        }
    }

    function weightOf(
        Terms memory terms,
        Tally[] memory rounds,
        int32[][] memory utilities,
        uint8 round,
        uint256 cohort
    ) internal pure returns (uint256) {
        uint256 epoch = (uint256(round) - 1) / terms.roundsPerEpoch;
        if (!wasOpened(terms, rounds, epoch, cohort)) return 0;
        int256 utility = utilities[epoch][cohort];
        if (terms.plan == Plan.Proportional) return utility > 0 ? uint256(utility) : 0;
        // Places are counted from the worst as one; ties share the mean of theirs; twice that is whole.
        uint256 below = 0;
        uint256 level = 0;
        for (uint256 c = 0; c < utilities[epoch].length; ++c) {
            if (!wasOpened(terms, rounds, epoch, c)) continue;
            if (utilities[epoch][c] < utility) ++below;
            if (utilities[epoch][c] == utility) ++level;
        }
        uint256 first = below + 1;
        uint256 last = below + level;
        return first + last;
    }

    function wasOpened(Terms memory terms, Tally[] memory rounds, uint256 epoch, uint256 cohort)
        internal
        pure
        returns (bool)
    {
        for (uint256 i = 0; i < rounds.length; ++i) {
            if ((uint256(rounds[i].round) - 1) / terms.roundsPerEpoch != epoch) continue;
            if (cohort >= rounds[i].cohorts.length) continue;
            if (rounds[i].cohorts[cohort] & rounds[i].survivors != 0) return true;
        }
        return false;
    }

    /// @notice What `seat` earns at least: C5.
    function floorOf(Terms memory terms, DataParty[] memory datas, Tally[] memory rounds, uint256 seat)
        internal
        pure
        returns (uint256)
    {
        return datas[seat].floor * min(delivered(rounds, seat), terms.paidRounds) / terms.paidRounds;
    }

    function committeeUnits(Terms memory terms, Tally[] memory rounds, uint256 seat)
        internal
        pure
        returns (uint256 units)
    {
        for (uint256 i = 0; i < rounds.length; ++i) {
            if (rounds[i].aggregator == seat) units += 4 * uint256(terms.words) * ones(rounds[i].survivors);
            if ((rounds[i].signers >> seat) & 1 == 1) units += terms.unitsPerSignature;
        }
    }

    /// @notice What `seat` is paid of its lanes, when those before it had theirs.
    function jobKilounits(
        Terms memory terms,
        Tally[] memory rounds,
        uint256 computes,
        uint16 absent,
        uint256 seat
    ) internal pure returns (uint256 paid) {
        uint256 left = terms.jobKilounits;
        for (uint256 i = 0; i < rounds.length; ++i) {
            for (uint256 s = 0; s < computes; ++s) {
                if ((absent >> s) & 1 == 1) continue;
                uint256 part = min(uint16(rounds[i].jobs >> (16 * s)), left);
                left -= part;
                if (s == seat) paid += part;
            }
        }
    }

    /// @notice The most that compute can cost.
    function worstCompute(Terms memory terms, ComputeParty[] memory computes, uint256 datas)
        internal
        pure
        returns (uint256)
    {
        (uint256 highest, uint256 sum) = (0, 0);
        for (uint256 i = 0; i < computes.length; ++i) {
            if (computes[i].price > highest) highest = computes[i].price;
            sum += computes[i].price;
        }
        uint256 round = highest * 4 * terms.words * datas + sum * terms.unitsPerSignature;
        return (round * terms.maxRounds + highest * 1_000 * terms.jobKilounits) / 1e6;
    }

    function delivered(Tally[] memory rounds, uint256 seat) internal pure returns (uint256 times) {
        for (uint256 i = 0; i < rounds.length; ++i) {
            times += (rounds[i].delivered >> seat) & 1;
        }
    }

    function ones(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits >>= 1) {
            count += bits & 1;
        }
    }

    /// @notice Fills in the proofs.
    function prove(address token, Claim[] memory owed) internal pure {
        bytes32[] memory leaves = new bytes32[](owed.length);
        for (uint256 i = 0; i < owed.length; ++i) {
            leaves[i] = keccak256(abi.encode(token, uint256(owed[i].index), owed[i].payee, owed[i].amount));
        }
        (, bytes32[][] memory paths) = Trees.ascending(leaves);
        for (uint256 i = 0; i < owed.length; ++i) {
            owed[i].proof = paths[i];
        }
    }

    /// @notice The root that the proof of the first leaf leads to.
    function rootOf(address token, Claim[] memory owed) internal pure returns (bytes32 node) {
        node = keccak256(abi.encode(token, uint256(owed[0].index), owed[0].payee, owed[0].amount));
        for (uint256 i = 0; i < owed[0].proof.length; ++i) {
            bytes32 other = owed[0].proof[i];
            node = node < other ? keccak256(abi.encode(node, other)) : keccak256(abi.encode(other, node));
        }
    }

    function totalOf(Claim[] memory owed) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < owed.length; ++i) {
            total += owed[i].amount;
        }
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
