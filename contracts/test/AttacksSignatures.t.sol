// SPDX-License-Identifier: MIT
// What people sign, used for what they did not sign: Attacks.tree.
pragma solidity 0.8.37;

import {Commitment, IMarket} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {Cast, Fixture} from "./Fixture.sol";

contract AttacksSignaturesTest is Fixture {
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

    function test_aStrangerCannotStartWithASubset() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        Cast memory fewer = castFor(cast.terms, 4, 4);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotModelProvider.selector, STRANGER, modelProvider));
        vm.prank(STRANGER);
        market.start(fewer.terms, partiesOf(fewer), acceptancesOf(fewer));
    }

    function test_nobodyTakesTwoSeats() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        cast.datas[3] = cast.datas[2];
        cast.dataSignatures[3] = cast.dataSignatures[2];
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAscending.selector, cast.datas[2].account));
        start(cast);
    }

    /// @notice Bits beyond a field's type would make another hash of the same terms.
    function test_termsWithStrayBitsAreRefused() public {
        bytes memory call = abi.encodeCall(market.create, (termsFor(5, 4)));
        token.mint(modelProvider, 1e10);
        vm.startPrank(modelProvider);
        token.approve(address(market), 1e10);
        for (uint256 field = 0; field < 31; ++field) {
            // Whole words: spec, schema, salt, invited.
            if (field == 10 || field == 11 || field == 12 || field == 17) continue;
            assertFalse(strayed(call, 4 + 32 * field));
        }
        (bool done,) = address(market).call(call);
        assertTrue(done);
    }

    function test_partiesWithStrayBitsAreRefused() public {
        Cast memory cast = castFor(5, 4);
        create(cast.terms);
        depositBonds(cast);
        bytes memory call = abi.encodeCall(market.start, (cast.terms, partiesOf(cast), acceptancesOf(cast)));
        uint256 computes = find(call, abi.encode(cast.computes[0]));
        uint256 datas = find(call, abi.encode(cast.datas[0]));
        vm.startPrank(modelProvider);
        for (uint256 word = 0; word < 9; ++word) {
            // Whole words: boxes and data signatures.
            if (word != 3 && word != 8) assertFalse(strayed(call, datas + 32 * (9 * 2 + word)));
            if (word != 3 && word < 5) assertFalse(strayed(call, computes + 32 * (5 * 1 + word)));
        }
        (bool done,) = address(market).call(call);
        assertTrue(done);
    }

    /// @dev Whether the call goes through with the first bit of the word at `place` turned.
    function strayed(bytes memory call, uint256 place) private returns (bool done) {
        call[place] ^= 0x80;
        (done,) = address(market).call(call);
        call[place] ^= 0x80;
    }

    /// @return place Of the first word of `part`, which is somewhere in `whole`.
    function find(bytes memory whole, bytes memory part) private pure returns (uint256 place) {
        bytes32 first = bytes32(part);
        bytes32 word;
        for (place = 4; word != first; place += 32) {
            assembly ("memory-safe") {
                word := mload(add(whole, add(place, 32)))
            }
        }
        place -= 32;
    }

    function refusedStart(Cast memory cast, address account) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.AcceptanceInvalid.selector, account));
        start(cast);
    }
}
