// SPDX-License-Identifier: MIT
// Tokens that behave badly, for tests of what they cannot do.
pragma solidity 0.8.37;

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

/// @notice Answers calls it does not know, permits among them, by doing nothing.
contract ForgivingToken is ERC20("Forgiving", "FOR") {
    mapping(address account => uint256) public nonces;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    fallback() external {}
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
    /// Whether a call back ever went through.
    bool public entered;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function arm(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0) || from == address(0)) return;
        bool done;
        (done, answer) = _target.call(_call);
        entered = entered || done;
    }
}

/// @notice Balances follow a factor that its issuer moves, up or down, while nobody transfers anything.
contract RebasingToken is ERC20("Rebasing", "BASE") {
    uint256 private _percent = 100;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function rebase(uint256 percent) external {
        _percent = percent;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * _percent / 100;
    }
}

/// @notice An honest token with as many decimals as it was told.
contract DecimalToken is ERC20("Decimal", "DEC") {
    uint8 private immutable PLACES;

    constructor(uint8 places) {
        PLACES = places;
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function decimals() public view override returns (uint8) {
        return PLACES;
    }
}

interface IReceiver {
    function received() external;
}

/// @notice Tells contracts that they were paid, and fails when they do (as ERC-777 did).
contract TellingToken is ERC20("Telling", "TELL") {
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to.code.length != 0 && to != msg.sender) IReceiver(to).received();
    }
}
