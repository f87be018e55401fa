// SPDX-License-Identifier: MIT
// The payouts of contracts.md read aloud: slow loops over the formulas, to hold the market's arithmetic against.
pragma solidity 0.8.37;

import {Claim, ComputeParty, DataParty, Tally, Terms} from "../IMarket.sol";

library Reference {
    function claims(
        Terms memory terms,
        ComputeParty[] memory computes,
        DataParty[] memory datas,
        Tally[] memory rounds,
        uint16 absent,
        bool vanished
    ) internal pure returns (Claim[] memory owed) {
        owed = new Claim[](datas.length + computes.length + 1);
        uint256 left = funded(terms, computes.length, absent);
        for (uint256 i = 0; i < datas.length; ++i) {
            owed[i] = Claim(
                uint8(i), datas[i].payee, dataAmount(terms, datas, rounds, vanished, i), new bytes32[](0)
            );
            left -= owed[i].amount;
        }
        for (uint256 i = 0; i < computes.length; ++i) {
            uint256 amount = computeAmount(terms, computes[i].price, rounds, i);
            if ((absent >> i) & 1 == 0) amount += terms.computeBond;
            owed[datas.length + i] =
                Claim(uint8(datas.length + i), computes[i].payee, amount, new bytes32[](0));
            left -= amount;
        }
        owed[owed.length - 1] = Claim(uint8(owed.length - 1), terms.modelProvider, left, new bytes32[](0));
        prove(terms.token, owed);
    }

    function funded(Terms memory terms, uint256 computes, uint16 absent) internal pure returns (uint256 sum) {
        sum = uint256(terms.dataPool) + terms.computePool + terms.bond;
        for (uint256 i = 0; i < computes; ++i) {
            if ((absent >> i) & 1 == 0) sum += terms.computeBond;
        }
    }

    function dataAmount(
        Terms memory terms,
        DataParty[] memory datas,
        Tally[] memory rounds,
        bool vanished,
        uint256 seat
    ) internal pure returns (uint256) {
        uint256 pool = uint256(terms.dataPool) + (vanished ? terms.bond : 0);
        uint256 weights = 0;
        for (uint256 i = 0; i < datas.length; ++i) {
            pool -= datas[i].floor;
            weights += min(datas[i].samples, terms.sampleCap) * delivered(rounds, i);
        }
        uint256 paid = terms.paidRounds;
        uint256 weight = min(datas[seat].samples, terms.sampleCap) * delivered(rounds, seat);
        return
            floorOf(terms, datas, rounds, seat) + pool * min(rounds.length, paid) * weight / (paid * weights);
    }

    /// @notice What `seat` earns at least: C5.
    function floorOf(Terms memory terms, DataParty[] memory datas, Tally[] memory rounds, uint256 seat)
        internal
        pure
        returns (uint256)
    {
        return datas[seat].floor * min(delivered(rounds, seat), terms.paidRounds) / terms.paidRounds;
    }

    function computeAmount(Terms memory terms, uint256 price, Tally[] memory rounds, uint256 seat)
        internal
        pure
        returns (uint256)
    {
        uint256 units = 0;
        for (uint256 i = 0; i < rounds.length; ++i) {
            if (rounds[i].aggregator == seat) units += 4 * uint256(terms.words) * ones(rounds[i].survivors);
            if ((rounds[i].signers >> seat) & 1 == 1) units += terms.unitsPerSignature;
        }
        return price * units / 1e6;
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
        bytes32[] memory layer = new bytes32[](owed.length);
        for (uint256 i = 0; i < owed.length; ++i) {
            layer[i] = keccak256(abi.encode(token, uint256(owed[i].index), owed[i].payee, owed[i].amount));
        }
        for (uint256 depth = 0; layer.length > 1; ++depth) {
            for (uint256 i = 0; i < owed.length; ++i) {
                uint256 partner = (i >> depth) ^ 1;
                if (partner < layer.length) owed[i].proof = longer(owed[i].proof, layer[partner]);
            }
            layer = above(layer);
        }
    }

    function above(bytes32[] memory layer) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((layer.length + 1) / 2);
        for (uint256 i = 0; i < next.length; ++i) {
            bytes32 a = layer[2 * i];
            if (2 * i + 1 == layer.length) {
                next[i] = a;
                continue;
            }
            bytes32 b = layer[2 * i + 1];
            next[i] = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        }
    }

    function longer(bytes32[] memory proof, bytes32 node) private pure returns (bytes32[] memory more) {
        more = new bytes32[](proof.length + 1);
        for (uint256 i = 0; i < proof.length; ++i) {
            more[i] = proof[i];
        }
        more[proof.length] = node;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
