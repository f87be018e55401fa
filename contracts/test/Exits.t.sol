// SPDX-License-Identifier: MIT
// Tasks that end without pay: Exits.tree.
pragma solidity 0.8.37;

import {IMarket, State, Tally} from "../IMarket.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract ExitsTest is Fixture {
    function test_cancelByTheModelProviderGivesEverythingBack() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = create(cast.terms);
        vm.expectEmit(address(market));
        emit IMarket.TaskCancelled(id);
        vm.prank(modelProvider);
        market.cancel(cast.terms);
        assertState(id, State.Cancelled);
        assertRefunded(cast);
    }

    function test_cancelByAStrangerWaitsForStartBy() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = create(cast.terms);
        vm.warp(cast.terms.startBy);
        vm.prank(STRANGER);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.TooEarly.selector, cast.terms.startBy, cast.terms.startBy)
        );
        market.cancel(cast.terms);
        vm.warp(cast.terms.startBy + 1);
        vm.prank(STRANGER);
        market.cancel(cast.terms);
        assertState(id, State.Cancelled);
        assertRefunded(cast);
    }

    function test_cancelRevertsGivenTheTaskIsNotOpen() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = idOf(cast.terms);
        vm.startPrank(modelProvider);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.None));
        market.cancel(cast.terms);
        vm.stopPrank();
        cast = running(5, 4);
        vm.startPrank(modelProvider);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Running));
        market.cancel(cast.terms);
    }

    function test_expireGivesPoolsAndBondsBack() public {
        Cast memory cast = castFor(8, 5);
        cast.computeSignatures[2] = "";
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        vm.prank(STRANGER);
        market.expire(cast.terms, cast.computes, datasHash(cast));
        assertState(idOf(cast.terms), State.Cancelled);
        assertRefunded(cast);
        for (uint256 seat = 0; seat < 5; ++seat) {
            address account = cast.computes[seat].account;
            assertEq(market.deposits(address(token), account), cast.terms.computeBond, "seat");
            vm.prank(account);
            market.withdraw(address(token), cast.terms.computeBond);
        }
        uint256 rest = token.balanceOf(address(market));
        vm.prank(modelProvider);
        market.withdraw(address(token), rest);
    }

    function test_expireRevertsBeforeTheDeadlineForTheModelProviderToo() public {
        Cast memory cast = running(5, 4);
        uint40 deadline = statusOf(idOf(cast.terms)).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, deadline, deadline));
        vm.prank(modelProvider);
        market.expire(cast.terms, cast.computes, datasHash(cast));
    }

    function test_expireRevertsWhenThePartiesAreOthers() public {
        Cast memory cast = running(5, 4);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        cast.computes[0].account = STRANGER;
        vm.expectRevert(abi.encodeWithSelector(IMarket.PartiesMismatch.selector, idOf(cast.terms)));
        market.expire(cast.terms, cast.computes, datasHash(cast));
    }

    function test_expireRevertsGivenARoundWasCommittedOrItIsNotRunning() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = create(cast.terms);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Open));
        market.expire(cast.terms, cast.computes, datasHash(cast));
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        vm.warp(statusOf(id).deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.RoundsCommitted.selector, id, 1));
        market.expire(cast.terms, cast.computes, datasHash(cast));
        settle(cast, rounds);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Settled));
        market.expire(cast.terms, cast.computes, datasHash(cast));
    }

    function assertRefunded(Cast memory cast) private view {
        uint256 funds = uint256(cast.terms.dataPool) + cast.terms.computePool + cast.terms.bond;
        assertEq(market.deposits(address(token), modelProvider), funds, "refund");
    }
}
