// SPDX-License-Identifier: MIT
// Run by test/history/: acts at random by the handlers of the invariants, then writes down every log of the market and
// what the chain says at the end. TypeScript must tell the second from the first.
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {State, Task} from "../../IMarket.sol";
import {Cast, Fixture} from "../Fixture.sol";
import {Accuser} from "../invariant/Accuser.sol";
import {Handler} from "../invariant/Handler.sol";
import {Life} from "../invariant/Ledger.sol";

/// @notice What a handler does, and the kinds of its arguments.
struct Act {
    bytes4 selector;
    bytes types;
}

contract ChronicleTest is Fixture {
    uint256 private constant LEAST_ACTS = 60;
    uint256 private constant MORE_ACTS = 300;

    Accuser private handler;
    Act[] private acts;
    /// Logs from before any life.
    bytes[] private before;

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
        handler = new Accuser(market);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(market)) before.push(abi.encode(logs[i].topics, logs[i].data));
        }
        chooseActs();
    }

    /// @dev Writes GALAXY_COUNT files into GALAXY_FOLDER, each the lives of all scenes, named by their seeds from
    /// GALAXY_SEED on.
    function test_everyScriptedSceneIsLivedAndWrittenDown() public {
        uint256 beginning = vm.snapshotState();
        uint256 first = vm.envUint("GALAXY_SEED");
        uint256 count = vm.envUint("GALAXY_COUNT");
        for (uint256 seed = first; seed < first + count; ++seed) {
            this.live(string.concat(vm.envString("GALAXY_FOLDER"), "/", vm.toString(seed), ".txt"), seed);
            vm.revertToState(beginning);
        }
    }

    /// @dev External, so that what one life leaves in memory is gone with it.
    function live(string calldata file, uint256 seed) external {
        vm.writeFile(file, "");
        line(file, "market ", abi.encode(market));
        for (uint256 i = 0; i < before.length; ++i) {
            line(file, "log ", before[i]);
        }
        vm.recordLogs();
        uint256 count = LEAST_ACTS + uint256(keccak256(abi.encode(seed, "acts"))) % MORE_ACTS;
        for (uint256 act = 0; act < count; ++act) {
            Act memory chosen = acts[uint256(keccak256(abi.encode(seed, act))) % acts.length];
            bytes32 noise = keccak256(abi.encode(seed, act, "noise"));
            this.take(file, bytes.concat(chosen.selector, arguments(chosen.types, noise)));
        }
        if (seed % 2 == 0) this.take(file, abi.encodeCall(Accuser.finish, ()));
        for (uint256 scene = 0; scene < handler.scenes(); ++scene) {
            Life memory life = handler.life(scene);
            if (life.state != State.None) told(file, scene, life.id);
        }
    }

    function take(string calldata file, bytes calldata act) external {
        (bool done, bytes memory answer) = address(handler).call(act);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(market)) continue;
            line(file, "log ", abi.encode(logs[i].topics, logs[i].data));
        }
    }

    function told(string calldata file, uint256 scene, bytes32 id) private {
        Task memory task = market.task(id);
        line(file, "task ", abi.encode(id, task));
        Cast memory cast = handler.castOf(scene);
        for (uint256 i = 0; i < cast.datas.length; ++i) {
            balance(file, cast.terms.token, cast.datas[i].payee);
        }
        for (uint256 i = 0; i < cast.computes.length; ++i) {
            balance(file, cast.terms.token, cast.computes[i].account);
        }
        balance(file, cast.terms.token, cast.terms.modelProvider);
        balance(file, cast.terms.token, address(market));
    }

    function balance(string calldata file, address paid, address account) private {
        uint256 tokens = IERC20(paid).balanceOf(account);
        line(file, "balance ", abi.encode(paid, account, tokens, market.deposits(paid, account)));
    }

    function line(string calldata file, string memory kind, bytes memory encoded) private {
        vm.writeLine(file, string.concat(kind, vm.toString(encoded)));
    }

    /// @param types Of the act's arguments: any number, a boolean, or a round.
    function arguments(bytes memory types, bytes32 noise) private pure returns (bytes memory words) {
        for (uint256 i = 0; i < types.length; ++i) {
            uint256 drawn = uint256(keccak256(abi.encode(noise, i)));
            if (types[i] == "b") drawn %= 2;
            if (types[i] == "r") drawn %= 8;
            words = bytes.concat(words, abi.encode(drawn));
        }
    }

    function often(bytes4 selector, bytes memory types, uint256 times) private {
        for (uint256 i = 0; i < times; ++i) {
            acts.push(Act(selector, types));
        }
    }

    /// @dev Forge records the logs of reverted calls as well: what fails only after an event is left out (taxed deposits,
    /// payees that the token refuses).
    function chooseActs() private {
        often(Handler.deposit.selector, "nnn", 4);
        often(Handler.withdraw.selector, "nnn", 1);
        often(Handler.withdrawBySignature.selector, "nn", 1);
        often(Handler.wait.selector, "n", 3);
        often(Handler.flip.selector, "nn", 1);
        often(Handler.createTask.selector, "n", 3);
        often(Handler.startTask.selector, "nn", 3);
        often(Handler.startBadly.selector, "nn", 1);
        often(Handler.cancelTask.selector, "nb", 1);
        often(Handler.settleTask.selector, "nbbn", 2);
        often(Handler.settleBadly.selector, "nn", 1);
        often(Handler.commitRound.selector, "nnn", 6);
        often(Handler.commitBadly.selector, "nn", 1);
        often(Handler.expireTask.selector, "n", 1);
        often(Handler.claimLeaf.selector, "nn", 4);
        often(Handler.claimBadly.selector, "nnn", 1);
        often(Accuser.accuse.selector, "nnb", 2);
        often(Accuser.signTwoRecords.selector, "nnrb", 1);
        often(Accuser.signTwoOpenings.selector, "nrn", 8);
    }
}
