// SPDX-License-Identifier: MIT
// What a settled task owes to whom: rounds are replayed into work, work becomes amounts, amounts become a root.
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {Bits} from "./Bits.sol";
import {Digests} from "./Digests.sol";
import {ComputeParty, DataParty, Parties, Tally, Terms} from "./IMarket.sol";
import {Plans} from "./Plans.sol";

/// @notice What the replay of a task's rounds yields.
struct Work {
    /// Chain over the replayed rounds, to be compared with the task's.
    bytes32 log;
    /// By data seat: rounds delivered, and the weights of their cohorts added up.
    uint256[] delivered;
    uint256[] weights;
    /// Compute units, by compute seat.
    uint256[16] units;
    uint256 rounds;
    /// Bitmap of compute seats without bond.
    uint256 absent;
    /// The model provider vanished or is guilty: its bond joins the data pool.
    bool punished;
}

library Payouts {
    uint256 private constant MEGAUNIT = 1e6;
    /// Coefficients in a word; one unit is one coefficient added.
    uint256 private constant LANES = 4;

    /// @param utilities By epoch and cohort; empty for weights of one.
    /// @param absent Bitmap of the compute seats without bond.
    /// @param punished The model provider vanished or is guilty: its bond joins the data pool.
    /// @return log Of the replayed rounds, to be compared with the task's.
    /// @return root Over the leaves of all data seats, all compute seats and the model provider, in that order.
    function outcome(
        Terms calldata terms,
        Parties calldata parties,
        Tally[] calldata rounds,
        int32[][] calldata utilities,
        uint16 absent,
        bool punished
    ) external pure returns (bytes32 log, bytes32 root) {
        Work memory work = _replay(terms, rounds, utilities, parties.datas.length);
        (work.absent, work.punished) = (absent, punished);
        return (work.log, _root(terms, parties, work));
    }

    /// @param utilities By epoch and cohort; empty for weights of one.
    function _replay(
        Terms calldata terms,
        Tally[] calldata rounds,
        int32[][] calldata utilities,
        uint256 datas
    ) private pure returns (Work memory work) {
        work.delivered = new uint256[](datas);
        work.weights = new uint256[](datas);
        work.rounds = rounds.length;
        uint256[][] memory weights = Plans.weigh(terms, rounds, utilities);
        for (uint256 i = 0; i < rounds.length; ++i) {
            Tally calldata tally = rounds[i];
            work.log = Digests.log(work.log, Digests.record(tally), tally.signers);
            _deliver(
                work, tally, weights.length == 0 ? new uint256[](0) : weights[Plans.epoch(terms, tally.round)]
            );
            _meter(work, tally, terms);
        }
    }

    function _deliver(Work memory work, Tally calldata tally, uint256[] memory weights) private pure {
        for (uint256 c = 0; c < tally.cohorts.length; ++c) {
            uint256 weight = weights.length == 0 ? 1 : weights[c];
            uint256 left = tally.cohorts[c] & tally.delivered;
            for (; left != 0; left &= left - 1) {
                uint256 seat = Bits.lowest(left);
                work.delivered[seat] += 1;
                work.weights[seat] += weight;
            }
        }
    }

    function _meter(Work memory work, Tally calldata tally, Terms calldata terms) private pure {
        work.units[tally.aggregator] += LANES * terms.words * Bits.count(tally.survivors);
        uint256 left = tally.signers;
        for (; left != 0; left &= left - 1) {
            work.units[Bits.lowest(left)] += terms.unitsPerSignature;
        }
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

    function _root(Terms calldata terms, Parties calldata parties, Work memory work)
        internal
        pure
        returns (bytes32)
    {
        uint256 datas = parties.datas.length;
        uint256 computes = parties.computes.length;
        bytes32[] memory leaves = new bytes32[](datas + computes + 1);
        uint256 spent = _owe(terms, parties.datas, work, leaves);
        spent += _owe(terms, parties.computes, work, leaves, datas);
        uint256 left = funded(terms, computes - Bits.count(work.absent)) - spent;
        leaves[datas + computes] = Digests.leaf(terms.token, datas + computes, terms.modelProvider, left);
        return merkleRoot(leaves);
    }

    /// @dev Weights cannot all be zero: every round has a survivor, and samples and cap are at least one.
    function _owe(Terms calldata terms, DataParty[] calldata datas, Work memory work, bytes32[] memory leaves)
        private
        pure
        returns (uint256 spent)
    {
        uint256 shared = uint256(terms.dataPool) + (work.punished ? terms.bond : 0);
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            shared -= datas[seat].floor;
        }
        shared *= _min(work.rounds, terms.paidRounds);
        uint256[] memory counts = _isZero(work.weights) ? work.delivered : work.weights;
        uint256 weights = 0;
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            weights += _min(datas[seat].samples, terms.sampleCap) * counts[seat];
        }
        weights *= terms.paidRounds;
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            uint256 paid = _min(work.delivered[seat], terms.paidRounds);
            uint256 amount = datas[seat].floor * paid / terms.paidRounds;
            amount += shared * _min(datas[seat].samples, terms.sampleCap) * counts[seat] / weights;
            leaves[seat] = Digests.leaf(terms.token, seat, datas[seat].payee, amount);
            spent += amount;
        }
    }

    function _isZero(uint256[] memory weights) private pure returns (bool) {
        for (uint256 i = 0; i < weights.length; ++i) {
            if (weights[i] != 0) return false;
        }
        return true;
    }

    function _owe(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        Work memory work,
        bytes32[] memory leaves,
        uint256 first
    ) private pure returns (uint256 spent) {
        for (uint256 seat = 0; seat < computes.length; ++seat) {
            uint256 amount =
                computes[seat].price * work.units[seat] / MEGAUNIT;
            if (!Bits.has(work.absent, seat)) amount += terms.computeBond;
            leaves[first + seat] = Digests.leaf(terms.token, first + seat, computes[seat].payee, amount);
            spent += amount;
        }
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
