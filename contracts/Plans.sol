// SPDX-License-Identifier: MIT
// Reward plans: what an epoch's utilities make of its cohorts.
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";
import {IMarket, Plan, Tally, Terms} from "./IMarket.sol";

library Plans {
    /// @notice The epoch of a round, from zero.
    function epoch(Terms calldata terms, uint8 round) internal pure returns (uint256) {
        return (uint256(round) - 1) / terms.roundsPerEpoch;
    }

    /// @notice Weights by epoch and cohort; a cohort that was not opened in an epoch weighs nothing there.
    /// @param utilities As many as there are epochs, or none at all: then there are no weights either.
    function weigh(Terms calldata terms, Tally[] calldata rounds, int32[][] calldata utilities)
        internal
        pure
        returns (uint256[][] memory weights)
    {
        weights = new uint256[][](utilities.length);
        if (utilities.length == 0) return weights;
        uint256[] memory opened = _opened(terms, rounds, utilities.length);
        for (uint256 e = 0; e < utilities.length; ++e) {
            weights[e] = new uint256[](terms.maxCohorts);
            require(
                utilities[e].length == terms.maxCohorts,
                IMarket.UtilityCountInvalid(utilities[e].length, terms.maxCohorts)
            );
            for (uint256 c = 0; c < terms.maxCohorts; ++c) {
                if (Bits.has(opened[e], c)) weights[e][c] = _weigh(terms.plan, utilities[e], opened[e], c);
                else require(utilities[e][c] == 0, IMarket.UtilityOfAbsentCohort(e, c));
            }
        }
    }

    /// @return opened Bitmap by epoch of the cohorts of which a sum was opened.
    function _opened(Terms calldata terms, Tally[] calldata rounds, uint256 epochs)
        private
        pure
        returns (uint256[] memory opened)
    {
        opened = new uint256[](epochs);
        for (uint256 i = 0; i < rounds.length; ++i) {
            uint256 e = epoch(terms, rounds[i].round);
            for (uint256 c = 0; c < rounds[i].cohorts.length; ++c) {
                if (rounds[i].cohorts[c] & rounds[i].survivors != 0) opened[e] |= Bits.only(c);
            }
        }
    }

    function _weigh(Plan plan, int32[] calldata utilities, uint256 opened, uint256 cohort)
        private
        pure
        returns (uint256 weight)
    {
        int32 utility = utilities[cohort];
        // forge-lint: disable-next-line(unsafe-typecast)
        if (plan == Plan.Proportional) return utility > 0 ? uint32(utility) : 0;
        weight = 1;
        for (uint256 c = 0; c < utilities.length; ++c) {
            if (!Bits.has(opened, c)) continue;
            if (utilities[c] < utility) weight += 2;
            else if (utilities[c] == utility) weight += 1;
        }
    }
}
