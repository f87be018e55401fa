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

contract Chronicle is Fixture {
    Accuser private handler;
    bytes4[] private acts;

    /// @notice Writes one file for each of `runs` lives of all scenes, named by their seeds from `first` on.
    function run(string calldata folder, uint256 first, uint256 runs, uint256 most) external {
        Fixture.setUp();
        handler = new Accuser(market);
        chooseActs();
        uint256 beginning = vm.snapshotState();
        for (uint256 seed = first; seed < first + runs; ++seed) {
            this.live(string.concat(folder, "/", vm.toString(seed), ".txt"), seed, most);
            vm.revertToState(beginning);
        }
    }

    /// @dev External, so that what one life leaves in memory is gone with it.
    function live(string calldata file, uint256 seed, uint256 most) external {
        vm.writeFile(file, "");
        vm.recordLogs();
        uint256 count = most / 4 + uint256(keccak256(abi.encode(seed, "acts"))) % most;
        for (uint256 act = 0; act < count; ++act) {
            bytes4 selector = acts[uint256(keccak256(abi.encode(seed, act))) % acts.length];
            bytes32 noise = keccak256(abi.encode(seed, act, "noise"));
            this.take(file, abi.encodePacked(selector, arguments(noise)));
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

    /// @dev As many words as any act takes; booleans must be one bit.
    function arguments(bytes32 noise) private pure returns (bytes memory) {
        return abi.encode(noise);
    }

    function often(bytes4 act, uint256 times) private {
        for (uint256 i = 0; i < times; ++i) {
            acts.push(act);
        }
    }

    function chooseActs() private {}
}
