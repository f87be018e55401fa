// SPDX-License-Identifier: MIT
// Those who accuse, rightly and wrongly, and those who sign what they must not.
pragma solidity 0.8.37;

import {Claim, Entry, Kind, Logged, State, Twice} from "../../IMarket.sol";
import {Market} from "../../Market.sol";
import {Cast} from "../Fixture.sol";
import {ListingToken} from "../Tokens.sol";
import {Handler} from "./Handler.sol";
import {Life} from "./Ledger.sol";
import {Scripted, Truth} from "./Scenes.sol";

contract Accuser is Handler {
    constructor(Market market_) Handler(market_) {}

    /// @notice A round's sum or input is accused, whatever it really is: only what is false convicts, and once.
    function accuse(uint256 which, uint256 nth, bool ofInput) external {
        uint256 scene = which % SCENES;
        Life storage one = lives[scene];
        if (one.rounds.length == 0) return;
        uint256 place_ = nth % one.rounds.length;
        uint8 round = one.rounds[place_];
        Cast memory cast = castOf(scene);
        Scripted memory scripted = scriptOf(scene, round);
        Logged memory logged = shown(scene, place_, scripted);
        Truth needed = ofInput ? Truth.ForgedInput : Truth.WrongSum;
        uint16 added = logged.signers & ~one.slashed;
        bool refused = !provable(one) || truthOf(scene, round) != needed || added == 0;
        if (refused) vm.expectRevert();
        if (ofInput) chargeForgedInput(cast, logged, scripted.summed, 0);
        else chargeWrongSum(cast, logged, scripted.summed, scripted.word);
        if (!refused) one.slashed |= added;
    }

    function signTwoRecords(uint256 which, uint256 seat_, uint8 round, bool byAnother) external {
        uint256 scene = which % SCENES;
        Life storage one = lives[scene];
        uint8 seat = uint8(seat_ % SEATS);
        Cast memory cast = castOf(scene);
        uint256 key =
            abi.decode(place("keys", scene).code, (uint256[]))[byAnother ? (seat + 1) % SEATS : seat];
        Twice memory statements = twice(cast, Kind.Record, key, round, seat, keccak256("a"), keccak256("b"));
        uint16 immune = one.slashed | statusOf(idOf(cast.terms)).absent;
        bool refused = !provable(one) || byAnother || (immune >> seat) & 1 == 1;
        if (refused) vm.expectRevert();
        chargeTwoRecords(cast, statements);
        if (!refused) one.slashed |= uint16(1 << seat);
    }

    function signTwoOpenings(uint256 which, uint8 round, uint256 how) external {
        uint256 scene = which % SCENES;
        Life storage one = lives[scene];
        Cast memory cast = castOf(scene);
        Twice memory statements = twoOpenings(cast, round);
        if (how % 4 == 1) statements.secondSignature = statements.firstSignature;
        if (how % 4 == 2) {
            (statements.second, statements.secondSignature) = (statements.first, statements.firstSignature);
        }
        bool true_ = how % 4 == 0 && how % 12 == 0;
        if (how % 4 == 0 && !true_) return;
        if (how % 4 == 3) statements.round ^= 1;
        bool refused = !provable(one) || !true_ || one.guilty;
        if (refused) vm.expectRevert();
        chargeTwoOpenings(cast, statements);
        if (refused) return;
        one.guilty = true;
        one.state = State.Faulted;
    }

    // The end: time and a stranger (C13)

    function finish() external {
        for (uint256 scene = 0; scene < SCENES; ++scene) {
            end(scene, castOf(scene));
        }
    }

    function end(uint256 scene, Cast memory cast) private {
        Life storage one = lives[scene];
        if (one.state == State.Open) {
            vm.warp(max(block.timestamp, uint256(cast.terms.startBy) + 1));
            vm.prank(STRANGER);
            market.cancel(cast.terms);
            refunded(one, cast);
        } else if (one.state == State.Running) {
            vm.warp(max(block.timestamp, deadlineOf(one) + 1));
            if (one.rounds.length == 0) {
                vm.prank(STRANGER);
                market.expire(cast.terms, cast.computes, datasHash(cast));
                refunded(one, cast);
            } else {
                settleAs(STRANGER, cast, tallies(scene));
                settled(scene, cast, new int32[][](0), true);
            }
        } else if (one.state == State.Faulted) {
            settleAs(STRANGER, cast, tallies(scene));
            settled(scene, cast, new int32[][](0), true);
        }
        if (one.state == State.Settled) claimAll(scene, cast);
    }

    function claimAll(uint256 scene, Cast memory cast) private {
        Life storage one = lives[scene];
        vm.warp(max(block.timestamp, deadlineOf(one) + 1));
        Claim[] memory leaves = owed(scene);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if ((one.claimed >> i) & 1 == 1) continue;
            ListingToken(tokens[1]).list(leaves[i].payee, false);
            vm.prank(STRANGER);
            claimOne(cast.terms, leaves[i]);
            leafPaid(one, cast, leaves[i]);
        }
    }

    function provable(Life storage one) private view returns (bool) {
        if (one.rounds.length == 0) return false;
        if (one.state == State.Settled) return block.timestamp <= deadlineOf(one);
        return one.state == State.Running || one.state == State.Faulted;
    }

    function shown(uint256 scene, uint256 nth, Scripted memory scripted)
        private
        view
        returns (Logged memory logged)
    {
        Life storage one = lives[scene];
        logged.record = scripted.record;
        logged.signers = one.signers[nth];
        for (uint256 i = 0; i < nth; ++i) {
            bytes32 hash = recordHash(scriptOf(scene, one.rounds[i]).record);
            logged.before = keccak256(abi.encode(logged.before, hash, one.signers[i]));
        }
        logged.later = new Entry[](one.rounds.length - nth - 1);
        for (uint256 i = 0; i < logged.later.length; ++i) {
            uint256 next = nth + 1 + i;
            logged.later[i] = Entry(recordHash(scriptOf(scene, one.rounds[next]).record), one.signers[next]);
        }
    }
}
