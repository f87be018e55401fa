// SPDX-License-Identifier: MIT
// Bonds that are not there when they are needed, and accounts that flip: Attacks.tree.
pragma solidity 0.8.37;

import {IMarket, State} from "../IMarket.sol";
import {ContractAccount} from "./Accounts.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract AttacksDepositsTest is Fixture {
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

    function test_aDepositWithdrawnBeforeTheStartMakesItsSeatAbsent() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        vm.prank(cast.computes[2].account);
        market.withdraw(address(token), 1);
        start(cast);
        assertEq(statusOf(idOf(cast.terms)).absent, 4);
        assertEq(market.deposits(address(token), cast.computes[2].account), cast.terms.computeBond - 1);
    }

    function test_C9_aLockedBondCannotBeWithdrawn() public {
        Cast memory cast = running(5, 4);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositTooSmall.selector, 0, 1));
        vm.prank(cast.computes[2].account);
        market.withdraw(address(token), 1);
    }

    function test_aDataProviderThatFlipsStartsNothing() public {
        Cast memory cast = castFor(6, 4);
        ContractAccount account = new ContractAccount();
        uint256[] memory keys = sortedKeys(DATA_KEYS, 6);
        cast.datas[5].account = address(account);
        uint256 seat = 5;
        for (; seat > 0 && cast.datas[seat - 1].account > address(account); --seat) {
            (cast.datas[seat], cast.datas[seat - 1]) = (cast.datas[seat - 1], cast.datas[seat]);
        }
        bytes32 committee = committeeOf(cast.computes);
        uint256 next = 0;
        for (uint256 i = 0; i < 6; ++i) {
            bytes32 digest = dataDigest(idOf(cast.terms), committee, cast.datas[i]);
            if (i == seat) account.approveDigest(digest, ContractAccount.Mood.Honest);
            cast.dataSignatures[i] = i == seat ? bytes("") : signed(keys[next++], digest);
        }
        create(cast.terms);
        depositBonds(cast);
        for (uint256 mood = 1; mood < 4; ++mood) {
            account.setMood(ContractAccount.Mood(mood));
            vm.expectRevert(abi.encodeWithSelector(IMarket.AcceptanceInvalid.selector, address(account)));
            start(cast);
        }
        account.setMood(ContractAccount.Mood.Honest);
        start(cast);
        assertState(idOf(cast.terms), State.Running);
    }
}
