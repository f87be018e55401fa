// SPDX-License-Identifier: MIT
// Free balances that leave: Withdraw.tree.
pragma solidity 0.8.37;

import {IMarket} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {ContractAccount} from "./Accounts.sol";
import {Fixture} from "./Fixture.sol";

contract WithdrawTest is Fixture {
    uint256 private constant OWNER_KEY = 0xB0B;
    address private owner = vm.addr(OWNER_KEY);

    function testFuzz_withdrawPaysOutOfTheFreeBalance(uint128 amount, uint128 out) public {
        depositAs(owner, amount);
        depositAs(STRANGER, 77);
        uint256 taken = bound(out, 0, amount);
        vm.expectEmit(address(market));
        emit IMarket.Withdrawn(address(token), owner, taken);
        vm.prank(owner);
        market.withdraw(address(token), taken);
        assertEq(token.balanceOf(owner), taken);
        assertEq(market.deposits(address(token), owner), amount - taken);
        assertEq(market.deposits(address(token), STRANGER), 77);
    }

    function test_withdrawRevertsWhenTheFreeBalanceIsSmaller() public {
        depositAs(owner, 100);
        depositAs(STRANGER, 100);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositTooSmall.selector, 100, 101));
        vm.prank(owner);
        market.withdraw(address(token), 101);
    }

    function testFuzz_withdrawForPaysTheAccountThatSignedWhoeverCalls(uint128 amount, uint128 out) public {
        depositAs(owner, amount);
        uint256 taken = bound(out, 0, amount);
        bytes memory signature = signature_(taken, 0, block.timestamp);
        vm.expectEmit(address(market));
        emit IMarket.Withdrawn(address(token), owner, taken);
        vm.prank(STRANGER);
        market.withdrawFor(address(token), owner, taken, block.timestamp, signature);
        assertEq(token.balanceOf(owner), taken);
        assertEq(token.balanceOf(STRANGER), 0);
        assertEq(market.deposits(address(token), owner), amount - taken);
        assertEq(market.nonces(owner), 1);
    }

    function test_withdrawForIsGoodOnce() public {
        depositAs(owner, 100);
        bytes memory signature = signature_(10, 0, block.timestamp);
        market.withdrawFor(address(token), owner, 10, block.timestamp, signature);
        refused(address(token), owner, 10, block.timestamp, signature);
        signature = signature_(10, 1, block.timestamp);
        market.withdrawFor(address(token), owner, 10, block.timestamp, signature);
        assertEq(token.balanceOf(owner), 20);
        assertEq(market.nonces(owner), 2);
    }

    function test_withdrawForAsksAnAccountThatIsAContract() public {
        ContractAccount account = new ContractAccount();
        depositAs(address(account), 100);
        refused(address(token), address(account), 10, block.timestamp, "");
        bytes32 digest = withdrawalDigest(address(token), address(account), 10, 0, block.timestamp);
        account.approveDigest(digest, ContractAccount.Mood.Bombing);
        refused(address(token), address(account), 10, block.timestamp, "");
        account.setMood(ContractAccount.Mood.Honest);
        market.withdrawFor(address(token), address(account), 10, block.timestamp, "");
        assertEq(token.balanceOf(address(account)), 10);
    }

    function test_withdrawForRevertsWhenTheDeadlineHasPassed() public {
        depositAs(owner, 100);
        uint256 deadline = block.timestamp + 5;
        bytes memory signature = signature_(10, 0, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooLate.selector, deadline + 1, deadline));
        market.withdrawFor(address(token), owner, 10, deadline, signature);
        vm.warp(deadline);
        market.withdrawFor(address(token), owner, 10, deadline, signature);
    }

    function test_withdrawForRevertsWhenAnythingIsNotAsSigned() public {
        depositAs(owner, 100);
        depositAs(STRANGER, 100);
        bytes memory signature = signature_(10, 0, block.timestamp);
        TestToken other = new TestToken();
        refused(address(other), owner, 10, block.timestamp, signature);
        refused(address(token), owner, 11, block.timestamp, signature);
        refused(address(token), owner, 10, block.timestamp + 1, signature);
        refused(address(token), STRANGER, 10, block.timestamp, signature);
        refused(address(token), owner, 10, block.timestamp, highS(signature));
        refused(address(token), owner, 10, block.timestamp, signature_(10, 1, block.timestamp));
        vm.chainId(1);
        refused(address(token), owner, 10, block.timestamp, signature);
        vm.chainId(31337);
        Market first = market;
        market = new Market(1 hours);
        depositAs(owner, 100);
        refused(address(token), owner, 10, block.timestamp, signature);
        market = first;
        market.withdrawFor(address(token), owner, 10, block.timestamp, signature);
    }

    function test_withdrawForRevertsWhenTheFreeBalanceIsSmaller() public {
        depositAs(owner, 100);
        bytes memory signature = signature_(101, 0, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositTooSmall.selector, 100, 101));
        market.withdrawFor(address(token), owner, 101, block.timestamp, signature);
        assertEq(market.nonces(owner), 0);
    }

    function signature_(uint256 amount, uint256 nonce, uint256 deadline) private view returns (bytes memory) {
        return signed(OWNER_KEY, withdrawalDigest(address(token), owner, amount, nonce, deadline));
    }

    function refused(address paid, address account, uint256 amount, uint256 deadline, bytes memory signature)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(IMarket.WithdrawalInvalid.selector, account));
        market.withdrawFor(paid, account, amount, deadline, signature);
    }
}
