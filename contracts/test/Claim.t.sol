// SPDX-License-Identifier: MIT
// Being paid: Claim.tree.
pragma solidity 0.8.37;

import {Claim, IMarket, State, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract ClaimTest is Fixture {
    function test_paysOneLeafToItsPayeeWhoeverCalls() public {
        (Cast memory cast, Claim[] memory owed) = settled(5, 4);
        bytes32 id = idOf(cast.terms);
        vm.expectEmit(address(market));
        emit IMarket.Claimed(id, 2, owed[2].payee, owed[2].amount);
        vm.prank(STRANGER);
        claimOne(cast.terms, owed[2]);
        assertEq(token.balanceOf(owed[2].payee), owed[2].amount);
        assertEq(token.balanceOf(STRANGER), 0);
        assertEq(market.task(id).claimed, 4);
    }

    /// forge-config: default.fuzz.runs = 24
    function testFuzz_paysManyLeavesInAnyOrder(uint256 seed) public {
        (Cast memory cast, Claim[] memory owed) = settled(5, 4);
        bytes32 id = idOf(cast.terms);
        for (uint256 i = owed.length - 1; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            (owed[i], owed[j]) = (owed[j], owed[i]);
        }
        market.claim(cast.terms, owed);
        for (uint256 i = 0; i < owed.length; ++i) {
            assertEq(token.balanceOf(owed[i].payee), owed[i].amount);
        }
        assertEq(token.balanceOf(address(market)), 0);
        assertEq(market.task(id).claimed, 1023);
    }

    function test_revertsWhenALeafWasClaimedBefore() public {
        (Cast memory cast, Claim[] memory owed) = settled(5, 4);
        bytes32 id = idOf(cast.terms);
        claimOne(cast.terms, owed[9]);
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyClaimed.selector, id, 9));
        market.claim(cast.terms, owed);
        Claim[] memory twice = new Claim[](2);
        (twice[0], twice[1]) = (owed[3], owed[3]);
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyClaimed.selector, id, 3));
        market.claim(cast.terms, twice);
    }

    function test_revertsWhenAnythingIsNotTheLeafs() public {
        (Cast memory cast, Claim[] memory owed) = settled(5, 4);
        bytes32 id = idOf(cast.terms);
        bytes memory refusal = abi.encodeWithSelector(IMarket.ProofInvalid.selector, id, 1);
        Claim[] memory one = new Claim[](1);
        one[0] = owed[1];
        one[0].amount += 1;
        vm.expectRevert(refusal);
        market.claim(cast.terms, one);
        one[0].amount -= 1;
        one[0].payee = STRANGER;
        vm.expectRevert(refusal);
        market.claim(cast.terms, one);
        one[0].payee = cast.datas[1].payee;
        one[0].index = 2;
        vm.expectRevert(abi.encodeWithSelector(IMarket.ProofInvalid.selector, id, 2));
        market.claim(cast.terms, one);
        one[0].index = 1;
        market.claim(cast.terms, one);
    }

    function test_revertsGivenTheChallengeWindowHasNotPassed() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 1);
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Running));
        claimOne(cast.terms, owed[0]);
        settle(cast, rounds);
        uint40 deadline = statusOf(id).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, deadline, deadline));
        claimOne(cast.terms, owed[0]);
        vm.warp(deadline + 1);
        claimOne(cast.terms, owed[0]);
    }

    function test_aLeafOfNothingMovesNothing() public {
        Cast memory cast = castFor(5, 4);
        cast.computeSignatures[3] = "";
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitManyWithoutSeat3(cast);
        settle(cast, rounds);
        bytes32 id = idOf(cast.terms);
        vm.warp(statusOf(id).deadline + 1);
        Claim[] memory owed = claimsOf(cast, rounds, 8, false);
        assertEq(owed[8].amount, 0);
        claimOne(cast.terms, owed[8]);
        assertEq(token.balanceOf(owed[8].payee), 0);
    }

    function commitManyWithoutSeat3(Cast memory cast) private returns (Tally[] memory rounds) {
        rounds = new Tally[](1);
        rounds[0] = commit(cast, commitmentFor(cast, recordFor(cast, 1), 7));
    }

    function settled(uint256 datas, uint256 computes)
        private
        returns (Cast memory cast, Claim[] memory owed)
    {
        cast = running(datas, computes);
        Tally[] memory rounds = commitMany(cast, 3);
        settle(cast, rounds);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        owed = claimsOf(cast, rounds, 0, false);
    }
}
