// SPDX-License-Identifier: MIT
// Opening a task: Create.tree.
pragma solidity 0.8.37;

import {IMarket, State, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {Fixture} from "./Fixture.sol";

contract CreateTest is Fixture {
    function testFuzz_takesPoolsAndBond(uint128 dataPool, uint128 computePool, uint128 bond) public {
        Terms memory terms = termsFor(4, 2);
        (terms.dataPool, terms.computePool, terms.bond) = (dataPool, computePool, bond);
        terms.disputeBond = 0;
        bytes32 id = create(terms);
        assertEq(token.balanceOf(address(market)), uint256(dataPool) + computePool + bond);
        assertEq(token.balanceOf(modelProvider), 0);
        assertEq(id, market.taskId(terms));
        assertState(id, State.Open);
        assertEq(statusOf(id).deadline, terms.startBy);
    }

    function test_emitsTheTerms() public {
        Terms memory terms = termsFor(4, 2);
        token.mint(modelProvider, 1e10);
        vm.startPrank(modelProvider);
        token.approve(address(market), 1e10);
        vm.expectEmit(address(market));
        emit IMarket.TaskCreated(idOf(terms), modelProvider, terms);
        market.create(terms);
    }

    function test_revertsGivenTheSameTermsWereUsedBefore() public {
        Terms memory terms = termsFor(4, 2);
        bytes32 id = create(terms);
        vm.startPrank(modelProvider);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Open));
        market.create(terms);
        market.cancel(terms);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Cancelled));
        market.create(terms);
    }

    function test_revertsWhenTheCallerIsNotTheModelProvider() public {
        Terms memory terms = termsFor(4, 2);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotModelProvider.selector, STRANGER, modelProvider));
        vm.prank(STRANGER);
        market.create(terms);
    }

    function test_revertsWhenStartByHasPassed() public {
        Terms memory terms = termsFor(4, 2);
        terms.startBy = uint40(block.timestamp - 1);
        refused(terms, abi.encodeWithSelector(IMarket.TooLate.selector, block.timestamp, terms.startBy));
        terms.startBy = uint40(block.timestamp);
        create(terms);
    }

    function test_revertsWhenTheProvidersCannotBeSeated() public {
        Terms memory terms = termsFor(250, 6);
        refused(terms, abi.encodeWithSelector(IMarket.TooManyProviders.selector, 250, 6));
        terms = termsFor(10, 17);
        refused(terms, abi.encodeWithSelector(IMarket.TooManyProviders.selector, 10, 17));
        terms = termsFor(4, 2);
        terms.minDatas = 5;
        refused(terms, abi.encodeWithSelector(IMarket.DataBoundsInvalid.selector, 5, 4, 3));
        terms.minDatas = 3;
        terms.minCohort = 4;
        refused(terms, abi.encodeWithSelector(IMarket.DataBoundsInvalid.selector, 3, 4, 4));
        terms.minCohort = 2;
        refused(terms, abi.encodeWithSelector(IMarket.CohortBoundsInvalid.selector, 2, 4));
        terms.minCohort = 3;
        terms.maxCohorts = 0;
        refused(terms, abi.encodeWithSelector(IMarket.CohortBoundsInvalid.selector, 3, 0));
        terms.maxCohorts = 33;
        refused(terms, abi.encodeWithSelector(IMarket.CohortBoundsInvalid.selector, 3, 33));
        terms = termsFor(70, 2);
        terms.minCohort = terms.minDatas = 65;
        refused(terms, abi.encodeWithSelector(IMarket.CohortBoundsInvalid.selector, 65, 4));
        terms = termsFor(4, 5);
        terms.minComputes = 6;
        refused(terms, abi.encodeWithSelector(IMarket.ComputeBoundsInvalid.selector, 6, 5, 4));
        terms.minComputes = 3;
        refused(terms, abi.encodeWithSelector(IMarket.ComputeBoundsInvalid.selector, 3, 5, 4));
        terms.threshold = 2;
        refused(terms, abi.encodeWithSelector(IMarket.ThresholdTooLow.selector, 2, 5));
        terms.threshold = 3;
        create(terms);
    }

    function test_acceptsTermsAtEveryBound() public {
        Terms memory terms = termsFor(239, 16);
        terms.minQuality = 10_000;
        terms.paidRounds = terms.maxRounds = 68;
        terms.maxCohorts = 7;
        (terms.idleWindow, terms.challengeWindow) = (90 days, 90 days);
        create(terms);
        terms = termsFor(64, 16);
        terms.maxRounds = 255;
        terms.maxCohorts = 1;
        terms.minCohort = terms.minDatas = 64;
        create(terms);
        terms = termsFor(3, 1);
        assertEq(terms.minDatas, terms.maxDatas);
        assertEq(terms.threshold, terms.maxComputes);
        (terms.words, terms.sampleCap, terms.maxCohorts, terms.paidRounds) = (1, 1, 1, 1);
        (terms.idleWindow, terms.challengeWindow) = (3600, 3600);
        terms.disputeBond = terms.bond;
        create(terms);
    }

    function test_revertsWhenItsSettlementWouldFitNoTransaction() public {
        Terms memory terms = termsFor(100, 5);
        (terms.maxRounds, terms.maxCohorts) = (120, 7);
        create(terms);
        terms.maxCohorts = 8;
        refused(terms, abi.encodeWithSelector(IMarket.TaskTooLarge.selector, 4140, 12_000));
        terms = termsFor(129, 5);
        (terms.maxRounds, terms.maxCohorts) = (128, 4);
        refused(terms, abi.encodeWithSelector(IMarket.TaskTooLarge.selector, 3593, 16_512));
    }

    function test_revertsWhenRoundsOrMetersMakeNoSense() public {
        Terms memory terms = termsFor(4, 2);
        terms.paidRounds = 0;
        refused(terms, abi.encodeWithSelector(IMarket.RoundsInvalid.selector, 0, 60));
        terms.paidRounds = 61;
        refused(terms, abi.encodeWithSelector(IMarket.RoundsInvalid.selector, 61, 60));
        terms = termsFor(4, 2);
        terms.roundsPerEpoch = 2;
        refused(terms, abi.encodeWithSelector(IMarket.EpochTooShort.selector, 2));
        terms = termsFor(4, 2);
        terms.words = 0;
        refused(terms, abi.encodeWithSelector(IMarket.MeterInvalid.selector, 0, 5000));
        terms.words = 1;
        terms.sampleCap = 0;
        refused(terms, abi.encodeWithSelector(IMarket.MeterInvalid.selector, 1, 0));
        terms = termsFor(4, 2);
        terms.minQuality = 10_001;
        refused(terms, abi.encodeWithSelector(IMarket.QualityInvalid.selector, 10_001));
    }

    function test_revertsWhenWindowsBondOrFutureFieldsDoNotFit() public {
        Terms memory terms = termsFor(4, 2);
        terms.idleWindow = 3599;
        refused(terms, abi.encodeWithSelector(IMarket.WindowInvalid.selector, 3599, 3600, 90 days));
        terms = termsFor(4, 2);
        terms.challengeWindow = 3599;
        refused(terms, abi.encodeWithSelector(IMarket.WindowInvalid.selector, 3599, 3600, 90 days));
        terms = termsFor(4, 2);
        terms.idleWindow = 90 days + 1;
        refused(terms, abi.encodeWithSelector(IMarket.WindowInvalid.selector, 90 days + 1, 3600, 90 days));
        terms = termsFor(4, 2);
        terms.disputeBond = terms.bond + 1;
        refused(terms, abi.encodeWithSelector(IMarket.BondTooSmall.selector, terms.bond, terms.bond + 1));
        terms = termsFor(4, 2);
        terms.referee = STRANGER;
        refused(terms, abi.encodeWithSelector(IMarket.RefereeUnsupported.selector, STRANGER));
    }

    function test_constructorRevertsWhenWindowsAreShortOnAChainThatIsNotLocal() public {
        new Market(0);
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WindowBelowDay.selector, 1 days - 1));
        new Market(1 days - 1);
        new Market(1 days);
        vm.expectRevert(abi.encodeWithSelector(TestToken.LocalChainsOnly.selector, 1));
        new TestToken();
    }

    function refused(Terms memory terms, bytes memory refusal) private {
        vm.expectRevert(refusal);
        vm.prank(terms.modelProvider);
        market.create(terms);
    }
}
