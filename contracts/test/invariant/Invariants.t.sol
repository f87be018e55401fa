// SPDX-License-Identifier: MIT
// What holds whatever anyone does, by the numbers of README.md beside this file. The first campaign is the long one and
// looks at everything; forge gives every named invariant a campaign of its own, so the others are short.
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Claim, State, Status, Tally, Task} from "../../IMarket.sol";
import {Cast, Fixture} from "../Fixture.sol";
import {Reference} from "../Reference.sol";
import {ReentrantToken} from "../Tokens.sol";
import {Accuser} from "./Accuser.sol";
import {Handler} from "./Handler.sol";
import {Life} from "./Ledger.sol";

contract InvariantsTest is Fixture {
    Accuser private handler;
    bytes4[] private acts;

    function setUp() public override {
        super.setUp();
        handler = new Accuser(market);
        targetContract(address(handler));
        often(Handler.deposit.selector, 3);
        often(Handler.withdraw.selector, 1);
        often(Handler.withdrawTooMuch.selector, 1);
        often(Handler.withdrawBySignature.selector, 1);
        often(Handler.depositTaxed.selector, 1);
        often(Handler.wait.selector, 3);
        often(Handler.list.selector, 1);
        often(Handler.flip.selector, 1);
        often(Handler.createTask.selector, 3);
        often(Handler.createTwice.selector, 1);
        often(Handler.startTask.selector, 3);
        often(Handler.startBadly.selector, 1);
        often(Handler.cancelTask.selector, 1);
        often(Handler.settleTask.selector, 2);
        often(Handler.settleBadly.selector, 1);
        often(Handler.commitRound.selector, 5);
        often(Handler.commitBadly.selector, 1);
        often(Handler.expireTask.selector, 1);
        often(Handler.claimLeaf.selector, 4);
        often(Handler.claimBadly.selector, 1);
        often(Accuser.accuse.selector, 3);
        often(Accuser.signTwoRecords.selector, 1);
        often(Accuser.signTwoOpenings.selector, 1);
        targetSelector(FuzzSelector(address(handler), acts));
    }

    /// @dev Acts take any number modulo what there is, so that what the fuzzer learns from storage is not worth its time.
    /// forge-config: default.invariant.dictionary_weight = 0
    /// forge-config: default.invariant.include_storage = false
    /// forge-config: default.invariant.include_push_bytes = false
    function invariant_C1toC15_holdThroughoutLongLives() public view {
        balances();
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) follows(life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C1_balanceIsFreeDepositsAndLiveEscrow() public view {
        balances();
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C2_leavesOfASettledTaskSumToWhatWasFunded() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state == State.Settled) sums(scene, life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C3_eachLeafIsPaidOnce() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state == State.Settled) paidOnce(scene, life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C4_noTaskPaysMoreThanItsOwn() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            assertLe(life.paid, life.escrow, "C4");
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C5_deliveredRoundsEarnTheirFloor() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            if (handler.life(scene).state == State.Settled) floors(scene);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C7_onlyTheListedTransitions() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) assertState(life.id, life.state);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C9_oneLockedBondBacksOneTask() public view {
        balances();
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C12_roundsIncreaseAndNoCohortIsBelowItsMinimum() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) rounds(scene, life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C13_timeAndAStrangerEmptyEveryTask() public view {
        // Looked at after every run.
        assertGt(handler.scenes(), 0);
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C14_onceClaimsAreOpenNothingMoves() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) follows(life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C15_theBondIsLostOnlyByVanishingOrSigningTwice() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state == State.Settled) bond(scene, life);
        }
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 16
    function invariant_C18_computeEarnsWhatItsRoundsSayAndNeverMoreThanItsPool() public view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.Settled) continue;
            sums(scene, life);
            earnings(scene, life);
        }
    }

    /// @notice C13: from wherever a run ended, time and a stranger empty every task. Then all the rest once more.
    function afterInvariant() public {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) rounds(scene, life);
        }
        handler.finish();
        balances();
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            assertTrue(
                life.state == State.None || life.state == State.Cancelled || life.state == State.Settled,
                "C13"
            );
            assertEq(life.paid, life.escrow, "C13: every unit left");
            if (life.state == State.None) continue;
            follows(life);
            if (life.state != State.Settled) continue;
            sums(scene, life);
            paidOnce(scene, life);
            floors(scene);
            bond(scene, life);
            earnings(scene, life);
        }
        payees();
        assertFalse(ReentrantToken(handler.tokenAt(2)).entered(), "a call back went through");
    }

    function often(bytes4 act, uint256 times) private {
        for (uint256 i = 0; i < times; ++i) {
            acts.push(act);
        }
    }

    /// @dev C1 per token, C9: free balances are what deposits, bonds and refunds left.
    function balances() private view {
        for (uint256 i = 0; i < 3; ++i) {
            address paid = handler.tokenAt(i);
            assertEq(IERC20(paid).balanceOf(address(market)), handler.due(paid), "C1");
            for (uint256 j = 0; j < handler.accountCount(); ++j) {
                address account = handler.accounts(j);
                assertEq(market.deposits(paid, account), handler.free(paid, account), "C9");
            }
        }
    }

    /// @dev C4, C7, C14: state, root, claims and seats are as the ledger has them.
    function follows(Life memory life) private view {
        Task memory task = market.task(life.id);
        assertEq(uint8(task.status.state), uint8(life.state), "C7");
        assertLe(life.paid, life.escrow, "C4");
        assertEq(task.claimed, life.claimed, "C3");
        assertEq(task.status.slashed, life.slashed, "C14: seats");
        assertEq(task.status.absent, life.absent, "C7: absent");
        assertEq(task.status.guilty, life.guilty, "C15: guilty");
        assertEq(task.status.rounds, life.rounds.length, "C12");
        if (life.state == State.Settled) assertEq(task.root, life.root, "C14: root");
    }

    function sums(uint256 scene, Life memory life) private view {
        Claim[] memory owed = handler.owed(scene);
        assertEq(Reference.totalOf(owed), life.escrow, "C2");
        assertEq(Reference.rootOf(handler.castOf(scene).terms.token, owed), life.root, "C2: root");
    }

    function paidOnce(uint256 scene, Life memory life) private view {
        Claim[] memory owed = handler.owed(scene);
        uint256 paid = 0;
        for (uint256 i = 0; i < owed.length; ++i) {
            if ((life.claimed >> i) & 1 == 1) paid += owed[i].amount;
        }
        assertEq(paid, life.paid, "C3");
        assertEq(market.task(life.id).claimed, life.claimed, "C3: bitmap");
    }

    /// @dev Everyone holds what was claimed for it and what it withdrew, in every token.
    function payees() private view {
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Cast memory cast = handler.castOf(scene);
            IERC20 paid = IERC20(cast.terms.token);
            for (uint256 i = 0; i < cast.datas.length; ++i) {
                address payee = cast.datas[i].payee;
                assertEq(paid.balanceOf(payee), handler.received(address(paid), payee), "C3: payee");
            }
            for (uint256 i = 0; i < handler.accountCount(); ++i) {
                address account = handler.accounts(i);
                uint256 expected =
                    handler.received(address(paid), account) + handler.withdrawn(address(paid), account);
                assertEq(paid.balanceOf(account), expected, "C3: account");
            }
        }
    }

    function floors(uint256 scene) private view {
        Cast memory cast = handler.castOf(scene);
        Tally[] memory tallies = handler.tallies(scene);
        Claim[] memory owed = handler.owed(scene);
        for (uint256 i = 0; i < cast.datas.length; ++i) {
            assertGe(owed[i].amount, Reference.floorOf(cast.terms, cast.datas, tallies, i), "C5");
        }
    }

    /// @dev The leaves are those of the recomputation (C2: root), lanes of job work included.
    function earnings(uint256 scene, Life memory life) private view {
        Cast memory cast = handler.castOf(scene);
        Claim[] memory owed = handler.owed(scene);
        (uint256 earned, uint256 jobs) = (0, 0);
        for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
            bool isPresent = (life.absent >> seat) & 1 == 0;
            uint256 pay = owed[cast.datas.length + seat].amount - (isPresent ? cast.terms.computeBond : 0);
            assertTrue(isPresent || pay == 0, "C18: absent");
            earned += pay;
            jobs += Reference.jobKilounits(
                cast.terms, handler.tallies(scene), cast.computes.length, life.absent, seat
            );
        }
        assertLe(jobs, cast.terms.jobKilounits, "C18: kilounits");
        assertLe(earned, cast.terms.computePool, "C18: pool");
    }

    function rounds(uint256 scene, Life memory life) private view {
        Cast memory cast = handler.castOf(scene);
        Tally[] memory tallies = handler.tallies(scene);
        Status memory status = statusOf(life.id);
        uint256 last = 0;
        bytes32 log = 0;
        for (uint256 i = 0; i < tallies.length; ++i) {
            assertGt(tallies[i].round, last, "C12: order");
            last = tallies[i].round;
            for (uint256 c = 0; c < tallies[i].cohorts.length; ++c) {
                uint256 survivors = Reference.ones(tallies[i].cohorts[c] & tallies[i].survivors);
                assertTrue(survivors == 0 || survivors >= cast.terms.minCohort, "C12: cohort");
            }
            bytes32 hash = recordHash(handler.scriptOf(scene, tallies[i].round).record);
            log = keccak256(abi.encode(log, hash, tallies[i].signers));
        }
        assertEq(status.lastRound, last, "C12: last");
        assertLe(last, cast.terms.maxRounds, "C12: most");
        assertEq(market.task(life.id).log, log, "C12: log");
    }

    function bond(uint256 scene, Life memory life) private view {
        Claim[] memory owed = handler.owed(scene);
        Cast memory cast = handler.castOf(scene);
        if (!life.punished) assertGe(owed[owed.length - 1].amount, cast.terms.bond, "C15");
        Tally[] memory tallies = handler.tallies(scene);
        Claim[] memory fair = claimsOf(cast, tallies, handler.utilitiesOf(scene), life.absent, life.punished);
        assertEq(keccak256(abi.encode(fair)), keccak256(abi.encode(owed)), "C15: leaves");
    }
}
