// SPDX-License-Identifier: MIT
// Bitmaps counted in parallel give what counting one by one gives.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Bits} from "../Bits.sol";
import {Payouts} from "../Payouts.sol";
import {Reference} from "./Reference.sol";

contract BitsTest is Test {
    function testFuzz_countsSetBits(uint256 bits) public pure {
        vm.assume(bits != type(uint256).max);
        assertEq(Bits.count(bits), Reference.ones(bits));
    }

    function test_countsTheLargestBitmapOfATask() public pure {
        assertEq(Bits.count(type(uint256).max >> 1), 255);
        assertEq(Bits.count(0), 0);
    }

    function testFuzz_findsTheLowestSeat(uint256 bits) public pure {
        vm.assume(bits != 0);
        uint256 expected = 0;
        while ((bits >> expected) & 1 == 0) ++expected;
        assertEq(Bits.lowest(bits), expected);
        assertTrue(Bits.has(bits, expected));
        assertEq(Bits.lowest(Bits.only(expected)), expected);
    }

    function test_aNodeWithoutPartnerMovesUpAsItIs() public pure {
        bytes32[] memory nodes = new bytes32[](1);
        nodes[0] = bytes32(uint256(7));
        assertEq(Payouts.merkleRoot(nodes), bytes32(uint256(7)));
        nodes = new bytes32[](3);
        (nodes[0], nodes[1], nodes[2]) = (bytes32(uint256(2)), bytes32(uint256(1)), bytes32(uint256(3)));
        bytes32 pair = keccak256(abi.encode(1, 2));
        bytes32 last = bytes32(uint256(3));
        bytes32 root = pair < last ? keccak256(abi.encode(pair, last)) : keccak256(abi.encode(last, pair));
        assertEq(Payouts.merkleRoot(nodes), root);
    }
}
