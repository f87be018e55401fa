// SPDX-License-Identifier: MIT
// Starting a task: Start.tree.
pragma solidity 0.8.37;

import {ComputeParty, IMarket, State, Status} from "../IMarket.sol";
import {ContractAccount} from "./Accounts.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract StartTest is Fixture {
    function test_keepsPartiesAndLocksBonds() public {
        Cast memory all = ready(5, 4);
        bytes32 id = idOf(all.terms);
        uint40 deadline = uint40(block.timestamp + all.terms.idleWindow);
        vm.expectEmit(address(market));
        emit IMarket.TaskStarted(id, all.computes, all.datas, 0, deadline);
        start(all);

        Status memory status = statusOf(id);
        assertState(id, State.Running);
        assertEq(status.deadline, deadline);
        assertEq(status.datas, 5);
        assertEq(status.computes, 4);
        assertEq(status.absent, 0);
        bytes32 parties = keccak256(abi.encode(keccak256(abi.encode(all.computes)), datasHash(all)));
        assertEq(market.task(id).parties, parties);
        for (uint256 seat = 0; seat < 4; ++seat) {
            assertEq(market.deposits(address(token), all.computes[seat].account), 0);
        }
    }

    function test_revertsWhenTheCallerIsNotTheModelProvider() public {
        Cast memory all = ready(5, 4);
        bytes memory refusal =
            abi.encodeWithSelector(IMarket.NotModelProvider.selector, STRANGER, modelProvider);
        vm.startPrank(STRANGER);
        vm.expectRevert(refusal);
        market.start(all.terms, partiesOf(all), acceptancesOf(all));
        dropData(all, 4);
        vm.expectRevert(refusal);
        market.start(all.terms, partiesOf(all), acceptancesOf(all));
    }

    function test_revertsWhenItIsNotTheTime() public {
        Cast memory all = castFor(5, 4);
        bytes32 id = idOf(all.terms);
        refused(all, abi.encodeWithSelector(IMarket.WrongState.selector, id, State.None));
        create(all.terms);
        depositBonds(all);
        vm.warp(all.terms.startBy + 1);
        refused(all, abi.encodeWithSelector(IMarket.TooLate.selector, block.timestamp, all.terms.startBy));
        vm.warp(all.terms.startBy);
        start(all);
        refused(all, abi.encodeWithSelector(IMarket.WrongState.selector, id, State.Running));
    }

    function test_revertsWhenADataProviderDoesNotQualify() public {
        Cast memory all = ready(5, 4);
        address account = all.datas[2].account;
        all.datas[2].quality = 4999;
        sign(all);
        refused(all, abi.encodeWithSelector(IMarket.QualityTooLow.selector, account, 4999, 5000));
        all.datas[2].quality = 10_001;
        sign(all);
        refused(all, abi.encodeWithSelector(IMarket.QualityInvalid.selector, 10_001));
        all.datas[2].quality = 5000;
        all.datas[2].samples = 0;
        sign(all);
        refused(all, abi.encodeWithSelector(IMarket.NoSamples.selector, account));
        all.datas[2].samples = 1;
        all.datas[2].compute = 4;
        sign(all);
        refused(all, abi.encodeWithSelector(IMarket.SeatMissing.selector, account, 4));
        all.datas[2].compute = 0;
        all.datas[2].payee = address(0);
        sign(all);
        refused(all, abi.encodeWithSelector(IMarket.PayeeMissing.selector, account));
        all.datas[2].payee = account;
        all.datas[2].floor = all.terms.dataPool;
        sign(all);
        refused(all, partial_(IMarket.FloorsExceedPool.selector));
        all.datas[2].floor = 1;
        refused(all, abi.encodeWithSelector(IMarket.AcceptanceInvalid.selector, account));
        sign(all);
        start(all);
    }

    function test_revertsWhenCountsOrOrderDoNotFit() public {
        Cast memory all = ready(5, 4);
        (all.datas[1], all.datas[2]) = (all.datas[2], all.datas[1]);
        sign(all);
        refused(all, partial_(IMarket.AcceptanceInvalid.selector));
        (all.datas[1], all.datas[2]) = (all.datas[2], all.datas[1]);
        sign(all);
        (all.datas[1], all.dataSignatures[1]) = (all.datas[2], all.dataSignatures[2]);
        refused(all, abi.encodeWithSelector(IMarket.NotAscending.selector, all.datas[2].account));

        all = castFor(5, 4);
        (all.computes[2], all.computeSignatures[2]) = (all.computes[1], all.computeSignatures[1]);
        bytes32 committee = committeeOf(all.computes);
        uint256[] memory keys = sortedKeys(DATA_KEYS, 5);
        for (uint256 i = 0; i < 5; ++i) {
            all.dataSignatures[i] = signed(keys[i], dataDigest(idOf(all.terms), committee, all.datas[i]));
        }
        refused(all, abi.encodeWithSelector(IMarket.NotAscending.selector, all.computes[1].account));

        all = castFor(5, 4);
        dropData(all, 2);
        refused(all, abi.encodeWithSelector(IMarket.DataCountInvalid.selector, 2, 3, 5));
        all = castFor(all.terms, 6, 4);
        refused(all, abi.encodeWithSelector(IMarket.DataCountInvalid.selector, 6, 3, 5));
        all = castFor(all.terms, 5, 5);
        refused(all, abi.encodeWithSelector(IMarket.ComputeCountInvalid.selector, 5, 3, 4));
        all = castFor(all.terms, 5, 2);
        refused(all, abi.encodeWithSelector(IMarket.ComputeCountInvalid.selector, 2, 3, 4));

        all = castFor(all.terms, 5, 4);
        all.dataSignatures = new bytes[](4);
        refused(all, abi.encodeWithSelector(IMarket.SignatureCountInvalid.selector, 4, 5));
        sign(all);
        all.computeSignatures = new bytes[](5);
        refused(all, abi.encodeWithSelector(IMarket.SignatureCountInvalid.selector, 5, 4));
    }

    function test_startsAtEveryBound() public {
        Cast memory all = castFor(termsFor(5, 4), 3, 3);
        all.datas[0].quality = 10_000;
        all.datas[1].samples = 1;
        all.datas[2].floor = all.terms.dataPool - all.datas[0].floor - all.datas[1].floor;
        sign(all);
        create(all.terms);
        depositBonds(all);
        start(all);
        assertEq(statusOf(idOf(all.terms)).computes, 3);
    }

    function test_aComputeSeatThatDoesNotQualifyIsAbsent() public {
        Cast memory all = castFor(6, 5);
        all.terms.threshold = 3;
        all.terms.minComputes = 3;
        create(all.terms);
        depositBonds(all);
        for (uint256 i = 0; i < 6; ++i) {
            if (all.datas[i].compute == 1) all.datas[i].compute = 0;
        }
        sign(all);
        vm.prank(all.computes[3].account);
        market.withdraw(address(token), 1);
        start(all);
        bytes32 id = idOf(all.terms);
        assertEq(statusOf(id).absent, 10, "seat 1: nominated by nobody; seat 3: short deposit");
        assertEq(market.deposits(address(token), all.computes[1].account), all.terms.computeBond);
        assertEq(market.deposits(address(token), all.computes[3].account), all.terms.computeBond - 1);
        assertEq(market.deposits(address(token), all.computes[0].account), 0);
    }

    function test_aComputeSeatWithoutPayeeOrValidSignatureIsAbsent() public {
        Cast memory all = castFor(6, 5);
        all.terms.threshold = 3;
        all.terms.minComputes = 3;
        all.computes[0].payee = address(0);
        sign(all);
        all.computeSignatures[4][10] ^= 0x01;
        create(all.terms);
        depositBonds(all);
        start(all);
        assertEq(statusOf(idOf(all.terms)).absent, 17);
    }

    function test_revertsWhenTooFewArePresent() public {
        Cast memory all = ready(5, 4);
        all.computeSignatures[0] = "";
        vm.prank(all.computes[1].account);
        market.withdraw(address(token), 1);
        refused(all, abi.encodeWithSelector(IMarket.TooFewPresent.selector, 2, 3));
    }

    function test_revertsWhenComputeCouldCostMoreThanItsPool() public {
        Cast memory all = castFor(5, 4);
        uint256 prices = 0;
        for (uint256 i = 0; i < 4; ++i) {
            prices += all.computes[i].price;
        }
        uint256 highest = all.computes[3].price;
        uint256 round = highest * 4 * all.terms.words * 5 + prices * all.terms.unitsPerSignature;
        uint256 jobs = highest * 1_000 * all.terms.jobKilounits;
        uint256 worst = (round * all.terms.maxRounds + jobs) / 1e6;
        all.terms.computePool = uint128(worst - 1);
        sign(all);
        create(all.terms);
        depositBonds(all);
        refused(all, abi.encodeWithSelector(IMarket.ComputeExceedsPool.selector, worst, worst - 1));
        all.terms.computePool = uint128(worst);
        sign(all);
        create(all.terms);
        start(all);
    }

    function test_startsWithAPathForEachInvitedAccount() public {
        for (uint256 datas = 3; datas < 9; ++datas) {
            Cast memory all = invitedCast(datas);
            start(all);
            assertState(idOf(all.terms), State.Running);
        }
    }

    function test_revertsWhenInvitationsDoNotHold() public {
        Cast memory all = invitedCast(5);
        bytes32[][] memory good = all.invitations;
        all.invitations = new bytes32[][](0);
        refused(all, abi.encodeWithSelector(IMarket.InvitationCountInvalid.selector, 0, 5));
        all.invitations = new bytes32[][](6);
        refused(all, abi.encodeWithSelector(IMarket.InvitationCountInvalid.selector, 6, 5));
        all.invitations = good;
        (good[1], good[2]) = (good[2], good[1]);
        refused(all, abi.encodeWithSelector(IMarket.NotInvited.selector, all.datas[1].account));
        (good[1], good[2]) = (good[2], good[1]);
        good[4] = new bytes32[](0);
        refused(all, abi.encodeWithSelector(IMarket.NotInvited.selector, all.datas[4].account));
    }

    function test_revertsWhenSomebodyIsNotInvited() public {
        Cast memory all = castFor(5, 4);
        address outsider = all.datas[3].account;
        all.datas[3].account = STRANGER;
        invite(all);
        all.datas[3].account = outsider;
        sign(all);
        create(all.terms);
        depositBonds(all);
        refused(all, abi.encodeWithSelector(IMarket.NotInvited.selector, outsider));
    }

    function test_revertsWhenInvitationsComeAlongGivenEveryoneMay() public {
        Cast memory all = ready(5, 4);
        all.invitations = new bytes32[][](5);
        refused(all, abi.encodeWithSelector(IMarket.InvitationCountInvalid.selector, 5, 0));
    }

    function test_theWordOfAContractAccountCounts() public {
        (Cast memory all, ContractAccount account) = withContract();
        bytes32 digest = computeDigest(idOf(all.terms), all.computes[seatOf(all, address(account))]);
        account.approveDigest(digest, ContractAccount.Mood.Honest);
        start(all);
        assertEq(statusOf(idOf(all.terms)).absent, 0);
    }

    function test_aContractAccountThatRefusesLiesOrBurnsGasIsAbsent() public {
        (Cast memory all, ContractAccount account) = withContract();
        uint256 seat = seatOf(all, address(account));
        uint256 before = vm.snapshotState();
        for (uint256 mood = 1; mood < 5; ++mood) {
            bytes32 digest = computeDigest(idOf(all.terms), all.computes[seat]);
            account.approveDigest(digest, ContractAccount.Mood(mood));
            vm.prank(modelProvider);
            market.start{gas: 100_000_000}(all.terms, partiesOf(all), acceptancesOf(all));
            assertEq(statusOf(idOf(all.terms)).absent, 1 << seat);
            vm.revertToState(before);
        }
    }

    function test_aContractAccountThatBurnsGasIsPassedOverByAnEmptySignature() public {
        (Cast memory all, ContractAccount account) = withContract();
        uint256 seat = seatOf(all, address(account));
        account.approveDigest(0, ContractAccount.Mood.Burning);
        all.computeSignatures[seat] = "";
        uint256 gas = gasleft();
        start(all);
        assertLt(gas - gasleft(), 1_000_000);
        assertEq(statusOf(idOf(all.terms)).absent, 1 << seat);
    }

    function invitedCast(uint256 datas) private returns (Cast memory all) {
        all = castFor(datas, 4);
        all.terms.salt = keccak256(abi.encode(datas));
        invite(all);
        sign(all);
        create(all.terms);
        depositBonds(all);
    }

    function ready(uint256 datas, uint256 computes) private returns (Cast memory all) {
        all = castFor(datas, computes);
        create(all.terms);
        depositBonds(all);
    }

    /// @dev One compute provider is a contract; the others keep their keys, seats move.
    function withContract() private returns (Cast memory all, ContractAccount account) {
        all = castFor(6, 4);
        account = new ContractAccount();
        ComputeParty memory party = all.computes[3];
        party.account = address(account);
        uint256 seat = 3;
        bytes memory signature = hex"01";
        for (; seat > 0 && all.computes[seat - 1].account > address(account); --seat) {
            all.computes[seat] = all.computes[seat - 1];
            all.computeSignatures[seat] = all.computeSignatures[seat - 1];
        }
        all.computes[seat] = party;
        all.computeSignatures[seat] = signature;
        bytes32 committee = committeeOf(all.computes);
        uint256[] memory keys = sortedKeys(DATA_KEYS, 6);
        for (uint256 i = 0; i < 6; ++i) {
            all.dataSignatures[i] = signed(keys[i], dataDigest(idOf(all.terms), committee, all.datas[i]));
        }
        create(all.terms);
        depositBonds(all);
    }

    function seatOf(Cast memory all, address account) private pure returns (uint256 seat) {
        while (all.computes[seat].account != account) ++seat;
    }

    function dropData(Cast memory all, uint256 kept) private pure {
        bytes[] memory signatures = all.dataSignatures;
        assembly ("memory-safe") {
            mstore(mload(add(all, 0x60)), kept)
            mstore(signatures, kept)
        }
    }

    function partial_(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodePacked(selector);
    }

    function refused(Cast memory all, bytes memory refusal) private {
        if (refusal.length == 4) vm.expectPartialRevert(bytes4(refusal));
        else vm.expectRevert(refusal);
        start(all);
    }
}
