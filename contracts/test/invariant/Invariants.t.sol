// SPDX-License-Identifier: MIT
// What holds whatever anyone does, by the numbers of README.md beside this file.
pragma solidity 0.8.37;

import {Claim, State, Status, Tally} from "../../IMarket.sol";
import {Cast, Fixture} from "../Fixture.sol";
import {Reference} from "../Reference.sol";
import {Handler} from "./Handler.sol";

contract InvariantsTest is Fixture {
    Handler private handler;

    function setUp() public override {
        super.setUp();
        handler = new Handler(market, token);
        targetContract(address(handler));
        bytes4[] memory acts = new bytes4[](14);
        acts[0] = Handler.deposit.selector;
        acts[1] = Handler.withdraw.selector;
        acts[2] = Handler.withdrawTooMuch.selector;
        acts[3] = Handler.wait.selector;
        acts[4] = Handler.createTask.selector;
        acts[5] = Handler.createTwice.selector;
        acts[6] = Handler.startTask.selector;
        acts[7] = Handler.commitTask.selector;
        acts[8] = Handler.commitBadly.selector;
        acts[9] = Handler.settleTask.selector;
        acts[10] = Handler.cancelTask.selector;
        acts[11] = Handler.expireTask.selector;
        acts[12] = Handler.claimLeaf.selector;
        acts[13] = Handler.deposit.selector;
        targetSelector(FuzzSelector(address(handler), acts));
    }

    function invariant_C1_balanceIsFreeDepositsAndLiveEscrow() public view {
        assertBalance();
    }

    function invariant_C2_leavesOfASettledTaskSumToWhatWasFunded() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (, State state, uint256 escrow,, bytes32 root) = handler.lifeOf(index);
            if (state != State.Settled) continue;
            Claim[] memory owed = handler.owedBy(index);
            uint256 sum = 0;
            for (uint256 i = 0; i < owed.length; ++i) {
                sum += owed[i].amount;
            }
            assertEq(sum, escrow);
            assertEq(rootOf(owed[0]), root);
        }
    }

    function invariant_C3_eachLeafIsPaidOnce() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (, State state,,,) = handler.lifeOf(index);
            if (state != State.Settled) continue;
            Claim[] memory owed = handler.owedBy(index);
            for (uint256 i = 0; i < owed.length; ++i) {
                address payee = owed[i].payee;
                assertEq(token.balanceOf(payee), handler.withdrawn(payee) + handler.received(payee));
            }
        }
    }

    function invariant_C4_noTaskPaysMoreThanItsOwn() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (,, uint256 escrow, uint256 paid,) = handler.lifeOf(index);
            assertLe(paid, escrow);
        }
    }

    function invariant_C5_deliveredRoundsEarnTheirFloor() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (, State state,,,) = handler.lifeOf(index);
            if (state != State.Settled) continue;
            Cast memory cast = handler.castOf(index);
            Tally[] memory rounds = handler.roundsOf(index);
            Claim[] memory owed = handler.owedBy(index);
            for (uint256 i = 0; i < cast.datas.length; ++i) {
                assertGe(owed[i].amount, Reference.floorOf(cast.terms, cast.datas, rounds, i));
            }
        }
    }

    function invariant_C7_onlyTheListedTransitions() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (bytes32 id, State state,,,) = handler.lifeOf(index);
            assertState(id, state);
        }
    }

    function invariant_C9_oneLockedBondBacksOneTask() public view {
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            address account = handler.accounts(i);
            assertEq(market.deposits(address(token), account), handler.free(account));
        }
    }

    function invariant_C12_roundsIncreaseAndStayWithinTheMaximum() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (bytes32 id,,,,) = handler.lifeOf(index);
            Cast memory cast = handler.castOf(index);
            Tally[] memory rounds = handler.roundsOf(index);
            Status memory status = statusOf(id);
            assertEq(status.rounds, rounds.length);
            uint256 last = 0;
            for (uint256 i = 0; i < rounds.length; ++i) {
                assertGt(rounds[i].round, last);
                assertGe(Reference.ones(rounds[i].survivors), cast.terms.minCohort);
                last = rounds[i].round;
            }
            assertEq(status.lastRound, last);
            assertLe(last, cast.terms.maxRounds);
        }
    }

    function invariant_C14_theRootIsFrozen() public view {
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (bytes32 id,,,, bytes32 root) = handler.lifeOf(index);
            assertEq(market.task(id).root, root);
        }
    }

    /// @notice C13: from wherever a run ended, time and a stranger empty every task.
    function afterInvariant() public {
        handler.finish();
        uint256 free = 0;
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            free += market.deposits(address(token), handler.accounts(i));
        }
        assertEq(token.balanceOf(address(market)), free, "C13");
    }

    function assertBalance() private view {
        uint256 due = 0;
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            due += handler.free(handler.accounts(i));
        }
        for (uint256 index = 0; index < handler.tasks(); ++index) {
            (,, uint256 escrow, uint256 paid,) = handler.lifeOf(index);
            due += escrow - paid;
        }
        assertEq(token.balanceOf(address(market)), due);
    }

    function rootOf(Claim memory first) private view returns (bytes32 node) {
        node = keccak256(abi.encode(address(token), uint256(first.index), first.payee, first.amount));
        for (uint256 i = 0; i < first.proof.length; ++i) {
            bytes32 other = first.proof[i];
            node = node < other ? keccak256(abi.encode(node, other)) : keccak256(abi.encode(other, node));
        }
    }
}
