// SPDX-License-Identifier: MIT
// What must be true, kept beside the market: acts write it down, invariants compare.
pragma solidity 0.8.37;

import {Claim, State, Status, Tally} from "../../IMarket.sol";
import {Cast} from "../Fixture.sol";
import {Reference} from "../Reference.sol";
import {Scenes} from "./Scenes.sol";

/// @notice One scene as it went.
struct Life {
    State state;
    bytes32 id;
    uint256 escrow;
    uint256 paid;
    bytes32 root;
    uint16 absent;
    uint16 slashed;
    bool guilty;
    bool punished;
    /// A leaf was paid: from here on nothing may move.
    bool frozen;
    uint256 claimed;
    uint8[] rounds;
    uint16[] signers;
}

abstract contract Ledger is Scenes {
    Life[SCENES] internal lives;
    address[] public accounts;
    mapping(address token => mapping(address account => uint256)) public free;
    /// What tasks and free balances of one token come to.
    mapping(address token => uint256) public due;
    mapping(address token => mapping(address payee => uint256)) public received;
    mapping(address token => mapping(address account => uint256)) public withdrawn;

    function life(uint256 scene) external view returns (Life memory) {
        return lives[scene];
    }

    function scenes() external pure returns (uint256) {
        return SCENES;
    }

    function tokenAt(uint256 index) external view returns (address) {
        return tokens[index % tokens.length];
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    function tallies(uint256 scene) public view returns (Tally[] memory rounds) {
        Life storage one = lives[scene];
        rounds = new Tally[](one.rounds.length);
        for (uint256 i = 0; i < rounds.length; ++i) {
            rounds[i] = tallyOf(scriptOf(scene, one.rounds[i]).record, one.signers[i]);
        }
    }

    function owed(uint256 scene) public view returns (Claim[] memory) {
        return abi.decode(place("owed", scene).code, (Claim[]));
    }

    function utilitiesOf(uint256 scene) public view returns (int32[][] memory) {
        return abi.decode(place("utilities", scene).code, (int32[][]));
    }

    function earn(address paid_, address account, uint256 amount) internal {
        free[paid_][account] += amount;
    }

    function opened(Life storage one, Cast memory cast) internal {
        one.state = State.Open;
        one.id = idOf(cast.terms);
        one.escrow = Reference.funded(cast.terms, 0, 0);
        due[cast.terms.token] += one.escrow;
    }

    function started(Life storage one, Cast memory cast, uint16 absent) internal {
        one.state = State.Running;
        one.absent = absent;
        one.escrow = Reference.funded(cast.terms, SEATS, absent);
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            if ((absent >> seat) & 1 == 1) continue;
            free[cast.terms.token][cast.computes[seat].account] -= cast.terms.computeBond;
        }
    }

    function refunded(Life storage one, Cast memory cast) internal {
        if (one.state == State.Running) {
            for (uint256 seat = 0; seat < SEATS; ++seat) {
                if ((one.absent >> seat) & 1 == 1) continue;
                bool lost = (one.slashed >> seat) & 1 == 1;
                address owner = lost ? modelProvider : cast.computes[seat].account;
                earn(cast.terms.token, owner, cast.terms.computeBond);
            }
        }
        one.state = State.Cancelled;
        one.escrow = 0;
        earn(cast.terms.token, modelProvider, Reference.funded(cast.terms, 0, 0));
    }

    function settled(uint256 scene, Cast memory cast, int32[][] memory utilities, bool punished) internal {
        Life storage one = lives[scene];
        one.state = State.Settled;
        one.punished = punished;
        one.root = market.task(one.id).root;
        Tally[] memory rounds = tallies(scene);
        Claim[] memory leaves = claimsOf(cast, rounds, utilities, one.absent, punished);
        assertEq(Reference.totalOf(leaves), one.escrow, "C2: leaves sum to what was funded");
        assertEq(Reference.rootOf(cast.terms.token, leaves), one.root, "C2: the root is theirs");
        vm.etch(place("owed", scene), abi.encode(leaves));
        vm.etch(place("utilities", scene), abi.encode(utilities));
    }

    function leafPaid(Life storage one, Cast memory cast, Claim memory leaf) internal {
        uint256 seat = uint256(leaf.index) - min(leaf.index, cast.datas.length);
        bool lost = leaf.index >= cast.datas.length && seat < SEATS && (one.slashed >> seat) & 1 == 1;
        one.frozen = true;
        one.claimed |= 1 << leaf.index;
        one.paid += leaf.amount;
        due[cast.terms.token] -= leaf.amount;
        received[cast.terms.token][lost ? modelProvider : leaf.payee] += leaf.amount;
    }

    /// @notice A scene in `state`, looked for from `which` on.
    function pick(uint256 which, State state) internal view returns (uint256 scene, bool found) {
        for (uint256 i = 0; i < SCENES; ++i) {
            scene = (which % SCENES + i) % SCENES;
            if (lives[scene].state == state) return (scene, true);
        }
    }

    function deadlineOf(Life storage one) internal view returns (uint256) {
        return statusOf(one.id).deadline;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }
}
