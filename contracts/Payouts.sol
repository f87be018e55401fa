// SPDX-License-Identifier: MIT
// What a settled task owes to whom: rounds are replayed into work, work becomes amounts, amounts become a root.
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {Bits, Counts} from "./Bits.sol";
import {Digests} from "./Digests.sol";
import {ComputeParty, DataParty, Tally, Terms} from "./IMarket.sol";

/// @notice What the replay of a task's rounds yields.
struct Work {
    /// Chain over the replayed rounds, to be compared with the task's.
    bytes32 log;
    uint256 rounds;
    /// Rounds delivered, by data seat.
    Counts delivered;
    /// Compute units, by compute seat.
    uint256[16] units;
    /// Bitmap of compute seats without bond.
    uint256 absent;
    /// The model provider let the deadline pass: its bond joins the data pool.
    bool vanished;
    bytes32[] leaves;
    /// What the leaves so far add up to.
    uint256 spent;
}

library Payouts {
    uint256 private constant MEGAUNIT = 1e6;
    /// Coefficients in a word; one unit is one coefficient added.
    uint256 private constant LANES = 4;

    function replay(Terms calldata terms, Tally[] calldata rounds) internal pure returns (Work memory work) {
        uint256 unitsPerUpdate = LANES * terms.words;
        for (uint256 i = 0; i < rounds.length; ++i) {
            Tally calldata tally = rounds[i];
            uint256 signers = tally.signers;
            work.log = Digests.log(work.log, Digests.record(tally), tally.signers);
            Bits.add(work.delivered, tally.delivered);
            work.units[tally.aggregator] += unitsPerUpdate * Bits.count(tally.survivors);
            for (uint256 seat = 0; signers >> seat != 0; ++seat) {
                if (Bits.has(signers, seat)) work.units[seat] += terms.unitsPerSignature;
            }
        }
        work.rounds = rounds.length;
    }

    /// @notice The most that compute can cost: every round aggregated at the highest price and signed by everyone.
    /// @param highest The highest price, `sum` the sum of prices, of present seats.
    function worstCompute(Terms calldata terms, uint256 datas, uint256 highest, uint256 sum)
        internal
        pure
        returns (uint256)
    {
        uint256 round = highest * LANES * terms.words * datas + sum * terms.unitsPerSignature;
        return round * terms.maxRounds / MEGAUNIT;
    }

    /// @notice Everything a task holds once started.
    function funded(Terms calldata terms, uint256 present) internal pure returns (uint256) {
        return uint256(terms.dataPool) + terms.computePool + terms.bond + present * terms.computeBond;
    }

    /// @notice Root over the leaves of all data seats, all compute seats and the model provider, in that order.
    function root(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        DataParty[] calldata datas,
        Work memory work
    ) internal pure returns (bytes32) {
        work.leaves = new bytes32[](datas.length + computes.length + 1);
        _owe(terms, datas, work);
        _owe(terms, computes, datas.length, work);
        uint256 total = funded(terms, computes.length - Bits.count(work.absent));
        _put(work, terms.token, datas.length + computes.length, terms.modelProvider, total - work.spent);
        return merkleRoot(work.leaves);
    }

    /// @dev Weights cannot all be zero: every round has a survivor, and samples and cap are at least one.
    function _owe(Terms calldata terms, DataParty[] calldata datas, Work memory work) private pure {
        uint256 shared = uint256(terms.dataPool) + (work.vanished ? terms.bond : 0);
        uint256 weights = 0;
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            shared -= datas[seat].floor;
            weights += _weight(terms, datas[seat], work, seat);
        }
        shared *= _min(work.rounds, terms.paidRounds);
        weights *= terms.paidRounds;
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            uint256 paid = _min(Bits.times(work.delivered, seat), terms.paidRounds);
            uint256 amount = datas[seat].floor * paid / terms.paidRounds;
            amount += shared * _weight(terms, datas[seat], work, seat) / weights;
            _put(work, terms.token, seat, datas[seat].payee, amount);
        }
    }

    function _owe(Terms calldata terms, ComputeParty[] calldata computes, uint256 first, Work memory work)
        private
        pure
    {
        for (uint256 seat = 0; seat < computes.length; ++seat) {
            uint256 amount = computes[seat].price * work.units[seat] / MEGAUNIT;
            if (!Bits.has(work.absent, seat)) amount += terms.computeBond;
            _put(work, terms.token, first + seat, computes[seat].payee, amount);
        }
    }

    function _put(Work memory work, address token, uint256 index, address payee, uint256 amount)
        private
        pure
    {
        work.leaves[index] = Digests.leaf(token, index, payee, amount);
        work.spent += amount;
    }

    /// @dev Equal plan: every cohort weighs one in every epoch.
    function _weight(Terms calldata terms, DataParty calldata party, Work memory work, uint256 seat)
        private
        pure
        returns (uint256)
    {
        return _min(party.samples, terms.sampleCap) * Bits.times(work.delivered, seat);
    }

    /// @notice Pairs are hashed in ascending order; a node without a partner moves up as it is. Overwrites `nodes`.
    function merkleRoot(bytes32[] memory nodes) internal pure returns (bytes32) {
        uint256 width = nodes.length;
        while (width > 1) {
            uint256 pairs = width / 2;
            for (uint256 i = 0; i < pairs; ++i) {
                nodes[i] = Hashes.commutativeKeccak256(nodes[2 * i], nodes[2 * i + 1]);
            }
            if (width % 2 == 1) nodes[pairs] = nodes[width - 1];
            width -= pairs;
        }
        return nodes[0];
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
