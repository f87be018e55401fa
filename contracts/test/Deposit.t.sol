// SPDX-License-Identifier: MIT
// Free balances: Deposit.tree.
pragma solidity 0.8.37;

import {IMarket} from "../IMarket.sol";
import {Fixture} from "./Fixture.sol";
import {ForgivingToken, TaxedToken} from "./Tokens.sol";

contract DepositTest is Fixture {
    uint256 private constant OWNER_KEY = 0xB0B;
    address private owner = vm.addr(OWNER_KEY);

    function testFuzz_depositAddsToTheFreeBalance(uint128 first, uint128 second) public {
        depositAs(owner, first);
        depositAs(owner, second);
        assertEq(market.deposits(address(token), owner), uint256(first) + second);
        assertEq(token.balanceOf(address(market)), uint256(first) + second);
        assertEq(market.deposits(address(token), STRANGER), 0);
    }

    function test_depositRevertsWhenTheTokenDeliversLess() public {
        TaxedToken taxed = new TaxedToken();
        taxed.mint(owner, 1000);
        vm.startPrank(owner);
        taxed.approve(address(market), 1000);
        vm.expectRevert(abi.encodeWithSelector(IMarket.ReceiptMismatch.selector, 1000, 990));
        market.deposit(address(taxed), 1000);
    }

    function test_depositForAddsToTheFreeBalanceOfThePermitsOwner() public {
        token.mint(owner, 500);
        (uint8 v, bytes32 r, bytes32 s) = permit(OWNER_KEY, 500, 0, block.timestamp);
        vm.expectEmit(address(market));
        emit IMarket.Deposited(address(token), owner, 500);
        vm.prank(STRANGER);
        market.depositFor(address(token), owner, 500, block.timestamp, v, r, s);
        assertEq(market.deposits(address(token), owner), 500);
        assertEq(token.allowance(owner, address(market)), 0);
    }

    function test_depositForRevertsWhenThePermitDoesNotHold() public {
        token.mint(owner, 500);
        vm.prank(owner);
        token.approve(address(market), 500);
        (uint8 v, bytes32 r, bytes32 s) = permit(0xBAD, 500, 0, block.timestamp);
        vm.expectPartialRevert(bytes4(keccak256("ERC2612InvalidSigner(address,address)")));
        market.depositFor(address(token), owner, 500, block.timestamp, v, r, s);

        (v, r, s) = permit(OWNER_KEY, 500, 0, block.timestamp - 1);
        vm.expectPartialRevert(bytes4(keccak256("ERC2612ExpiredSignature(uint256)")));
        market.depositFor(address(token), owner, 500, block.timestamp - 1, v, r, s);

        (v, r, s) = permit(OWNER_KEY, 250, 0, block.timestamp);
        market.depositFor(address(token), owner, 250, block.timestamp, v, r, s);
        vm.expectPartialRevert(bytes4(keccak256("ERC2612InvalidSigner(address,address)")));
        market.depositFor(address(token), owner, 250, block.timestamp, v, r, s);
    }

    function test_depositForRevertsWhenTheTokenIgnoresPermits() public {
        ForgivingToken forgiving = new ForgivingToken();
        forgiving.mint(owner, 500);
        vm.prank(owner);
        forgiving.approve(address(market), 500);
        vm.expectRevert(abi.encodeWithSelector(IMarket.PermitIgnored.selector, forgiving));
        market.depositFor(address(forgiving), owner, 500, block.timestamp, 27, 0, 0);
        assertEq(forgiving.balanceOf(owner), 500);
    }

    function permit(uint256 key, uint256 amount, uint256 nonce, uint256 deadline)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                address(market),
                amount,
                nonce,
                deadline
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }
}
