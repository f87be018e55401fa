// SPDX-License-Identifier: MIT
// Settlements that TypeScript drew and computed, computed again by the library that the market asks (C17).
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Digests} from "../Digests.sol";
import {Parties, Tally, Terms} from "../IMarket.sol";
import {Payouts} from "../Payouts.sol";

struct Drawn {
    Terms terms;
    Parties parties;
    Tally[] rounds;
    int32[][] utilities;
    uint16 absent;
    bool punished;
}

contract Recomputation is Test {
    function checkFile(string memory file, address market) external view {
        check(vm.readFile(file), "", market);
    }

    /// @param path Of one settlement in `json`, as test/vectors/settlements.ts writes it.
    function check(string memory json, string memory path, address market) public view {
        string memory seed =
            string.concat("seed ", vm.toString(vm.parseJsonUint(json, string.concat(path, ".seed"))));
        Drawn memory drawn = read(json, path);
        assertEq(this.task(market, drawn), word(json, path, ".task"), string.concat(seed, ": task"));
        assertEq(this.parties(drawn), word(json, path, ".partiesHash"), string.concat(seed, ": parties"));
        (bytes32 log, bytes32 root) = this.outcome(drawn);
        assertEq(log, word(json, path, ".log"), string.concat(seed, ": log"));
        assertEq(root, word(json, path, ".root"), string.concat(seed, ": root"));
    }

    // External, for calldata.

    function task(address market, Drawn calldata drawn) external pure returns (bytes32) {
        return Digests.taskId(market, drawn.terms);
    }

    function parties(Drawn calldata drawn) external pure returns (bytes32) {
        return Digests.parties(drawn.parties);
    }

    function outcome(Drawn calldata drawn) external pure returns (bytes32 log, bytes32 root) {
        return Payouts.outcome(
            drawn.terms, drawn.parties, drawn.rounds, drawn.utilities, drawn.absent, drawn.punished
        );
    }

    function read(string memory json, string memory path) private pure returns (Drawn memory drawn) {
        drawn.terms = abi.decode(blob(json, path, ".terms"), (Terms));
        drawn.parties = abi.decode(blob(json, path, ".parties"), (Parties));
        drawn.rounds = abi.decode(blob(json, path, ".rounds"), (Tally[]));
        drawn.utilities = abi.decode(blob(json, path, ".utilities"), (int32[][]));
        drawn.absent = uint16(vm.parseJsonUint(json, string.concat(path, ".absent")));
        drawn.punished = vm.parseJsonBool(json, string.concat(path, ".punished"));
    }

    function word(string memory json, string memory path, string memory name) private pure returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(path, name));
    }

    function blob(string memory json, string memory path, string memory name)
        private
        pure
        returns (bytes memory)
    {
        return vm.parseJsonBytes(json, string.concat(path, name));
    }
}
