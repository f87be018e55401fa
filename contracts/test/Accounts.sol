// SPDX-License-Identifier: MIT
// Accounts that are contracts and behave badly, for tests of what they cannot do.
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {IReceiver} from "./Tokens.sol";

/// @notice Its owner decides what it calls signed, and how it says so.
contract ContractAccount is IERC1271 {
    enum Mood {
        Honest,
        Refusing,
        Lying,
        Bombing,
        Burning
    }

    uint256 private constant BOMB = 200_000;

    bytes32 private _approved;
    Mood private _mood;

    function approveDigest(bytes32 digest, Mood mood) external {
        (_approved, _mood) = (digest, mood);
    }

    function setMood(Mood mood) external {
        _mood = mood;
    }

    function approves(bytes32 digest) external view returns (bool) {
        return _mood == Mood.Honest && digest == _approved;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        if (_mood == Mood.Burning) while (true) {}
        if (_mood == Mood.Bombing) {
            assembly ("memory-safe") {
                return(0, BOMB)
            }
        }
        if (_mood == Mood.Lying) return bytes4(0xdeadbeef);
        require(_mood == Mood.Honest);
        return digest == _approved ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Does its worst when it is paid in a token that tells it.
contract HostilePayee is IReceiver {
    enum Mood {
        Reverting,
        Bombing,
        Burning,
        Quiet
    }

    uint256 private constant BOMB = 200_000;

    Mood private _mood;

    function setMood(Mood mood) external {
        _mood = mood;
    }

    function received() external view {
        if (_mood == Mood.Burning) while (true) {}
        if (_mood == Mood.Bombing) {
            assembly ("memory-safe") {
                revert(0, BOMB)
            }
        }
        require(_mood == Mood.Quiet);
    }
}
