// SPDX-License-Identifier: MIT
// Tokens and accounts that behave badly, for tests of what they cannot do.
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Keeps one percent of every transfer.
contract TaxedToken is ERC20("Taxed", "TAX") {
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(this), amount / 100);
    }
}

/// @notice Refuses transfers to listed accounts.
contract ListingToken is ERC20("Listing", "LIST") {
    mapping(address account => bool) public listed;

    error Listed(address account);

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function list(address account, bool is_) external {
        listed[account] = is_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!listed[to], Listed(to));
        super._update(from, to, amount);
    }
}

/// @notice Returns false where others revert, and moves nothing.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Calls back into whatever it was told to, during every transfer.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address private _target;
    bytes private _call;
    bytes public answer;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function arm(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0) || from == address(0)) return;
        (, answer) = _target.call(_call);
    }
}

/// @notice An account that is a contract: its owner decides what it calls signed.
contract ContractAccount is IERC1271 {
    enum Mood {
        Honest,
        Refusing,
        Burning,
        Lying
    }

    bytes32 private _approved;
    Mood private _mood;

    function approveDigest(bytes32 digest, Mood mood) external {
        (_approved, _mood) = (digest, mood);
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        if (_mood == Mood.Burning) while (true) {}
        if (_mood == Mood.Lying) return bytes4(0xdeadbeef);
        require(_mood == Mood.Honest);
        return digest == _approved ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
