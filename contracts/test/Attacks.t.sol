// SPDX-License-Identifier: MIT
// What people who want other people's money would try: Attacks.tree.
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Claim, Commitment, IMarket, Record, State, Tally, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {Cast, Fixture} from "./Fixture.sol";
import {ListingToken, ReentrantToken, SilentToken, TaxedToken} from "./Tokens.sol";

contract AttacksTest is Fixture {
    function test_acceptancesDoNotHoldOnAnotherChain() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        vm.chainId(1);
        refusedStart(cast, cast.datas[0].account);
        vm.chainId(31337);
        start(cast);
    }

    function test_acceptancesDoNotHoldOnAnotherMarket() public {
        Cast memory cast = castFor(5, 4);
        market = new Market(1 hours);
        create(cast.terms);
        depositBonds(cast);
        refusedStart(cast, cast.datas[0].account);
    }

    function test_acceptancesDoNotHoldForAnotherSalt() public {
        Cast memory cast = castFor(5, 4);
        cast.terms.salt = keccak256("another");
        create(cast.terms);
        depositBonds(cast);
        refusedStart(cast, cast.datas[0].account);
    }

    function test_acceptancesDoNotHoldForAnotherCommittee() public {
        Cast memory cast = castFor(castFor(5, 4).terms, 5, 3);
        Cast memory wider = castFor(5, 4);
        wider.dataSignatures = cast.dataSignatures;
        create(wider.terms);
        depositBonds(wider);
        refusedStart(wider, wider.datas[0].account);
    }

    function test_highSAcceptanceDoesNotHold() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        cast.dataSignatures[0] = highS(cast.dataSignatures[0]);
        refusedStart(cast, cast.datas[0].account);
    }

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

    function test_aDepositBacksOneTaskOnly() public {
        Cast memory first = running(5, 4);
        Cast memory second = castFor(5, 4);
        second.terms.salt = keccak256("second");
        second.terms.threshold = 3;
        sign(second);
        create(second.terms);
        for (uint256 seat = 0; seat < 3; ++seat) {
            depositAs(second.computes[seat].account, second.terms.computeBond);
        }
        start(second);
        assertEq(statusOf(idOf(first.terms)).absent, 0);
        assertEq(statusOf(idOf(second.terms)).absent, 8, "its bond is in the first task");
    }

    function test_aRecordIsNotOfAnotherTask() public {
        Cast memory first = running(5, 4);
        Cast memory second = castFor(5, 4);
        second.terms.salt = keccak256("second");
        sign(second);
        create(second.terms);
        depositBonds(second);
        start(second);
        Commitment memory stolen = commitmentFor(first, recordFor(first, 1));
        vm.expectRevert(abi.encodeWithSelector(IMarket.OpeningInvalid.selector, 1));
        market.commitRound(second.terms, second.computes, datasHash(second), stolen);
        stolen.openerSignature = commitmentFor(second, recordFor(second, 1)).openerSignature;
        vm.expectRevert(abi.encodeWithSelector(IMarket.RecordSignatureInvalid.selector, 0));
        market.commitRound(second.terms, second.computes, datasHash(second), stolen);
    }

    function test_aCommitRacingASettlementNeverGoesUnpaid() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        Tally[] memory one = commitMany(cast, 1);
        uint256 before = vm.snapshotState();

        commit(cast, 2);
        vm.expectRevert(abi.encodeWithSelector(IMarket.LogMismatch.selector, id));
        settle(cast, one);

        vm.revertToState(before);
        settle(cast, one);
        Commitment memory late = commitmentFor(cast, recordFor(cast, 2));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Settled));
        market.commitRound(cast.terms, cast.computes, datasHash(cast), late);
    }

    function test_aTrimmedQuorumCostsOnlyTheTrimmedFee() public {
        Cast memory cast = running(5, 4);
        Record memory record = recordFor(cast, 1);
        Tally[] memory full = new Tally[](1);
        Tally[] memory trimmed = new Tally[](1);
        full[0] = tallyOf(record, 15);
        trimmed[0] = commit(cast, commitmentFor(cast, record, 7));
        Claim[] memory fair = claimsOf(cast, full, 0, false);
        settle(cast, trimmed);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        Claim[] memory owed = claimsOf(cast, trimmed, 0, false);
        market.claim(cast.terms, owed);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(owed[i].amount, fair[i].amount);
        }
        uint256 fee = uint256(cast.computes[3].price) * cast.terms.unitsPerSignature / 1e6;
        assertEq(owed[8].amount, fair[8].amount - fee);
        assertEq(owed[9].amount, fair[9].amount + fee, "and the fee stays with the model provider");
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

    function test_dustClaimsChangeNothing() public {
        Cast memory cast = running(5, 4);
        bytes32 id = idOf(cast.terms);
        settle(cast, commitMany(cast, 1));
        vm.warp(statusOf(id).deadline + 1);
        bytes32 before = keccak256(abi.encode(market.task(id)));
        market.claim(cast.terms, new Claim[](0));
        assertEq(keccak256(abi.encode(market.task(id))), before);
    }

    /// forge-config: default.fuzz.runs = 24
    function testFuzz_samplesBeyondTheCapEarnWhatTheCapEarns(uint32 claimed) public {
        Cast memory cast = castFor(5, 4);
        cast.datas[0].samples = uint32(bound(claimed, cast.terms.sampleCap, type(uint32).max));
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
        Tally[] memory rounds = commitMany(cast, 1);
        settle(cast, rounds);
        vm.warp(statusOf(idOf(cast.terms)).deadline + 1);
        cast.datas[0].samples = cast.terms.sampleCap;
        claimOne(cast.terms, claimsOf(cast, rounds, 0, false)[0]);
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

    function test_oneSecondDecidesAtTheEndOfEveryWindow() public {
        Cast memory cast = castFor(5, 4);
        bytes32 id = create(cast.terms);
        depositBonds(cast);
        uint256 before = vm.snapshotState();
        vm.warp(cast.terms.startBy);
        start(cast);
        vm.revertToState(before);
        vm.warp(cast.terms.startBy + 1);
        vm.prank(STRANGER);
        market.cancel(cast.terms);

        vm.revertToState(before);
        start(cast);
        commit(cast, 1);
        Record memory last = recordFor(cast, 2);
        last.closes = statusOf(id).deadline + 1 days;
        vm.warp(statusOf(id).deadline);
        commit(cast, commitmentFor(cast, last));
        assertGt(statusOf(id).deadline, block.timestamp, "the last second still counts, and extends");
    }

    function refusedStart(Cast memory cast, address account) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.AcceptanceInvalid.selector, account));
        start(cast);
    }
}
