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
    /// By data seat: rounds delivered in the low bits, above them the weights of their cohorts added up.
    uint256[] delivered;
    /// Compute units, by compute seat.
    uint256[16] units;
    /// Kilounits of job work that can still be paid.
    uint256 kilounits;
    uint256 rounds;
    /// Bitmap of compute seats with bond.
    uint256 present;
    /// The model provider vanished or is guilty: its bond joins the data pool.
    bool punished;
}

library Payouts {
    uint256 private constant MEGAUNIT = 1e6;
    /// Coefficients in a word; one unit is one coefficient added.
    uint256 private constant LANES = 4;
    uint256 private constant KILOUNIT = 1_000;
    /// Bits of one seat's lane in a tally's `jobs`.
    uint256 private constant JOB_BITS = 16;
    /// Bits below a seat's weights that count its deliveries: 255 at most.
    uint256 private constant WEIGHT_SHIFT = 8;

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
        Work memory work;
        work.delivered = new uint256[](parties.datas.length);
        work.kilounits = terms.jobKilounits;
        work.present = (Bits.only(parties.computes.length) - 1) & ~uint256(absent);
        work.punished = punished;
        _replay(terms, rounds, utilities, work);
        return (work.log, _root(terms, parties, work));
    }

    /// @param utilities By epoch and cohort; empty for weights of one.
    function _replay(
        Terms calldata terms,
        Tally[] calldata rounds,
        int32[][] calldata utilities,
        Work memory work
    ) private pure {
        work.rounds = rounds.length;
        uint256[][] memory weights = Plans.weigh(terms, rounds, utilities);
        for (uint256 i = 0; i < rounds.length; ++i) {
            Tally calldata tally = rounds[i];
            work.log = Digests.log(work.log, Digests.record(tally), tally.signers);
            _deliver(
                work, tally, weights.length == 0 ? new uint256[](0) : weights[Plans.epoch(terms, tally.round)]
            );
            _meter(work, tally, terms);
            _meterJobs(work, tally.jobs);
        }
    }

    /// @dev Unchecked: 255 rounds with weights of 32 bits stay below 2**40, and `left` is not zero where one is taken.
    function _deliver(Work memory work, Tally calldata tally, uint256[] memory weights) private pure {
        uint256[] memory delivered = work.delivered;
        for (uint256 c = 0; c < tally.cohorts.length; ++c) {
            uint256 step = ((weights.length == 0 ? 1 : weights[c]) << WEIGHT_SHIFT) | 1;
            uint256 left = tally.cohorts[c] & tally.delivered;
            unchecked {
                for (; left != 0; left &= left - 1) {
                    delivered[Bits.lowest(left)] += step;
                }
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

    /// @dev By seat, ascending, as far as what is left goes.
    function _meterJobs(Work memory work, uint256 jobs) private pure {
        for (uint256 seat = 0; jobs != 0; ++seat) {
            uint256 paid = Bits.has(work.present, seat) ? _min(jobs & type(uint16).max, work.kilounits) : 0;
            // No more than is left, which is below 2**32 at first.
            unchecked {
                work.kilounits -= paid;
                work.units[seat] += KILOUNIT * paid;
            }
            jobs >>= JOB_BITS;
        }
    }

    /// @notice The most that compute can cost: every round aggregated at the highest price and signed by everyone, and
    /// all job work at the highest price.
    /// @param highest The highest price, `sum` the sum of prices, of present seats.
    function worstCompute(Terms calldata terms, uint256 datas, uint256 highest, uint256 sum)
        internal
        pure
        returns (uint256)
    {
        uint256 round = highest * LANES * terms.words * datas + sum * terms.unitsPerSignature;
        return (round * terms.maxRounds + highest * KILOUNIT * terms.jobKilounits) / MEGAUNIT;
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
        uint256 left = funded(terms, Bits.count(work.present)) - spent;
        leaves[datas + computes] = Digests.leaf(terms.token, datas + computes, terms.modelProvider, left);
        return merkleRoot(leaves);
    }

    function _owe(Terms calldata terms, DataParty[] calldata datas, Work memory work, bytes32[] memory leaves)
        private
        pure
        returns (uint256 spent)
    {
        (uint256[] memory shares, uint256 sum) = _shares(terms, datas, work.delivered);
        uint256 pool = _pool(terms, datas, work.punished) * _min(work.rounds, terms.paidRounds);
        address token = terms.token;
        uint256 paidRounds = terms.paidRounds;
        sum *= paidRounds;
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            DataParty calldata party = datas[seat];
            uint256 amount;
            // Floors and pools are below 2**130, shares below 2**72, rounds below 2**8.
            unchecked {
                uint256 paid = _min(work.delivered[seat] & type(uint8).max, paidRounds);
                amount = party.floor * paid / paidRounds + pool * shares[seat] / sum;
                spent += amount;
            }
            leaves[seat] = Digests.leaf(token, seat, party.payee, amount);
        }
    }

    /// @notice What is shared by weight: neither below zero, as floors fit the pool, nor above two pools.
    function _pool(Terms calldata terms, DataParty[] calldata datas, bool punished)
        private
        pure
        returns (uint256 pool)
    {
        pool = uint256(terms.dataPool) + (punished ? terms.bond : 0);
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            pool -= datas[seat].floor;
        }
    }

    /// @return shares Samples up to the cap times the weights of the deliveries; times the deliveries where all weights
    /// are zero.
    /// @return sum Not zero: every round has a survivor, and samples and cap are at least one.
    function _shares(Terms calldata terms, DataParty[] calldata datas, uint256[] memory delivered)
        private
        pure
        returns (uint256[] memory shares, uint256 sum)
    {
        shares = new uint256[](datas.length);
        uint256 cap = terms.sampleCap;
        bool weighed = _isWeighed(delivered);
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            uint256 count = weighed ? delivered[seat] >> WEIGHT_SHIFT : delivered[seat];
            unchecked {
                // 32 bits of samples times 40 bits of weights.
                sum += shares[seat] = _min(datas[seat].samples, cap) * count;
            }
        }
    }

    function _isWeighed(uint256[] memory delivered) private pure returns (bool) {
        for (uint256 i = 0; i < delivered.length; ++i) {
            if (delivered[i] >> WEIGHT_SHIFT != 0) return true;
        }
        return false;
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
            if (Bits.has(work.present, seat)) amount += terms.computeBond;
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
