// SPDX-License-Identifier: MIT
// Tokens and payees that are not what they seem: Attacks.tree.
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Charge, Claim, Commitment, IMarket, State, Tally, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {HostilePayee} from "./Accounts.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {
    DecimalToken,
    ListingToken,
    RebasingToken,
    ReentrantToken,
    SilentToken,
    TaxedToken,
    TellingToken
} from "./Tokens.sol";

contract AttacksTokensTest is Fixture {
    function test_aTaxedTokenCannotFundATask() public {
        Terms memory terms = termsFor(5, 4);
        TaxedToken taxed = new TaxedToken();
        terms.token = address(taxed);
        uint256 funds = uint256(terms.dataPool) + terms.computePool + terms.bond;
        taxed.mint(modelProvider, funds);
        vm.startPrank(modelProvider);
        taxed.approve(address(market), funds);
        vm.expectRevert(abi.encodeWithSelector(IMarket.ReceiptMismatch.selector, funds, funds - funds / 100));
        market.create(terms);
    }

    function test_aSilentTokenCannotFundATask() public {
        Terms memory terms = termsFor(5, 4);
        SilentToken silent = new SilentToken();
        terms.token = address(silent);
        vm.prank(modelProvider);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(silent)));
        market.create(terms);
    }

    function test_aTokenThatCallsBackFindsTheDoorShut() public {
        ReentrantToken re = new ReentrantToken();
        re.mint(STRANGER, 1000);
        vm.startPrank(STRANGER);
        re.approve(address(market), 1000);
        market.deposit(address(re), 600);
        re.arm(address(market), abi.encodeCall(Market.withdraw, (address(re), 0)));
        market.withdraw(address(re), 600);
        assertEq(re.answer(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
        assertEq(re.balanceOf(STRANGER), 1000);
        market.deposit(address(re), 400);
        assertEq(re.answer(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
        assertEq(market.deposits(address(re), STRANGER), 400);
    }

    function test_onlyTheLeafOfAListedPayeeWaits() public {
        ListingToken listing = new ListingToken();
        token = TestToken(address(listing));
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory rounds = commitMany(cast, 2);
        settle(cast, rounds);
        vm.warp(statusOf(id).deadline + 1);
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        listing.list(owed[1].payee, true);

        vm.expectRevert(abi.encodeWithSelector(ListingToken.Listed.selector, owed[1].payee));
        market.claim(cast.terms, owed);
        for (uint256 i = 0; i < owed.length; ++i) {
            if (i != 1) claimOne(cast.terms, owed[i]);
        }
        assertEq(token.balanceOf(address(market)), owed[1].amount);
        vm.warp(block.timestamp + 3650 days);
        listing.list(owed[1].payee, false);
        claimOne(cast.terms, owed[1]);
        assertEq(token.balanceOf(address(market)), 0);
    }

    function test_aClaimInAnotherTokenTakesNothing() public {
        Cast memory cast = running(5, 4);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        ListingToken other = new ListingToken();
        other.mint(address(market), 1e30);
        Claim memory one = claimsOf(cast, rounds, 0, false)[0];
        cast.terms.token = address(other);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, idOf(cast.terms), State.None));
        claimOne(cast.terms, one);
    }

    function test_aDonationCanBeTakenByNobodyAndBreaksNothing() public {
        token.mint(address(market), 5);
        Cast memory cast = running(5, 4);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        market.claim(cast.terms, claimsOf(cast, rounds, 0, false));
        assertEq(token.balanceOf(address(market)), 5);
    }

    function test_aRebasingTokenHurtsOnlyThoseWhoTookIt() public {
        Cast memory good = running(5, 4);
        RebasingToken rebasing = new RebasingToken();
        rebasing.mint(STRANGER, 2000);
        vm.startPrank(STRANGER);
        rebasing.approve(address(market), 2000);
        market.deposit(address(rebasing), 1000);
        rebasing.rebase(200);
        vm.expectRevert(abi.encodeWithSelector(IMarket.ReceiptMismatch.selector, 1000, 2000));
        market.deposit(address(rebasing), 1000);
        rebasing.rebase(50);
        market.withdraw(address(rebasing), 1000);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositTooSmall.selector, 0, 1));
        market.withdraw(address(rebasing), 1);
        vm.stopPrank();
        endsEmpty(good);
    }

    function test_anyDecimalsAreTheSame() public {
        uint8[3] memory places = [0, 6, 24];
        for (uint256 i = 0; i < places.length; ++i) {
            DecimalToken decimal = new DecimalToken(places[i]);
            assertEq(decimal.decimals(), places[i]);
            token = TestToken(address(decimal));
            endsEmpty(running(5, 4));
        }
    }

    function test_aTokenThatCallsBackReentersNothing() public {
        ReentrantToken re = new ReentrantToken();
        Cast memory cast = castFor(5, 4);
        Commitment memory blank;
        bytes[] memory calls = new bytes[](11);
        calls[0] = abi.encodeCall(market.deposit, (address(re), 0));
        calls[1] = abi.encodeCall(market.depositFor, (address(re), STRANGER, 0, 0, 0, 0, 0));
        calls[2] = abi.encodeCall(market.withdrawFor, (address(re), STRANGER, 0, type(uint256).max, ""));
        calls[3] = abi.encodeCall(market.create, (cast.terms));
        calls[4] = abi.encodeCall(market.start, (cast.terms, partiesOf(cast), acceptancesOf(cast)));
        calls[5] = abi.encodeCall(market.cancel, (cast.terms));
        calls[6] = abi.encodeCall(market.expire, (cast.terms, cast.computes, 0));
        calls[7] =
            abi.encodeCall(market.settle, (cast.terms, partiesOf(cast), new Tally[](0), new int32[][](0)));
        calls[8] = abi.encodeCall(market.claim, (cast.terms, new Claim[](0)));
        calls[9] = abi.encodeCall(market.prove, (cast.terms, cast.computes, 0, Charge.WrongSum, ""));
        calls[10] = abi.encodeCall(market.commitRound, (cast.terms, cast.computes, 0, blank));
        re.mint(STRANGER, 100);
        vm.startPrank(STRANGER);
        re.approve(address(market), 100);
        for (uint256 i = 0; i < calls.length; ++i) {
            re.arm(address(market), calls[i]);
            market.deposit(address(re), 1);
            assertEq(re.answer(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
        }
    }

    function test_aPayeeThatRevertsBombsOrBurnsHoldsUpItsOwnLeafOnly() public {
        token = TestToken(address(new TellingToken()));
        HostilePayee payee = new HostilePayee();
        Cast memory cast = castFor(5, 4);
        cast.datas[1].payee = address(payee);
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        openClaims(cast);
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        Claim[] memory own = new Claim[](1);
        own[0] = owed[1];
        for (uint256 mood = 0; mood < 3; ++mood) {
            payee.setMood(HostilePayee.Mood(mood));
            vm.expectRevert();
            market.claim{gas: 3_000_000}(cast.terms, own);
        }
        for (uint256 i = 0; i < owed.length; ++i) {
            if (i != 1) claimOne(cast.terms, owed[i]);
        }
        assertEq(token.balanceOf(address(market)), owed[1].amount);
        payee.setMood(HostilePayee.Mood.Quiet);
        claimOne(cast.terms, owed[1]);
        assertEq(token.balanceOf(address(payee)), owed[1].amount);
    }

    function endsEmpty(Cast memory cast) private {
        Tally[] memory rounds = commitMany(cast, 2);
        settle(cast, rounds);
        openClaims(cast);
        Claim[] memory owed = claimsOf(cast, rounds, 0, false);
        market.claim(cast.terms, owed);
        assertEq(IERC20(cast.terms.token).balanceOf(address(market)), 0);
    }
}
