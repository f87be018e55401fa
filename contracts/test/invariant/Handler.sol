// SPDX-License-Identifier: MIT
// Everyone who may act, acting at random: handlers act, the ledgers here remember what must be true.
pragma solidity 0.8.37;

import {Claim, Commitment, Record, State, Status, Tally, Task, Terms} from "../../IMarket.sol";
import {Market} from "../../Market.sol";
import {TestToken} from "../../TestToken.sol";
import {Cast, Fixture} from "../Fixture.sol";
import {Reference} from "../Reference.sol";

contract Handler is Fixture {
    uint256 private constant MOST_TASKS = 6;
    uint256 private constant MOST_SEATS = 4;

    struct Life {
        bytes32 id;
        uint256 seed;
        uint40 startBy;
        State state;
        uint256 escrow;
        uint256 paid;
        bytes32 root;
        bool[64] claimed;
        bytes cast;
        bytes rounds;
        /// Every leaf, from settlement on.
        bytes owed;
    }

    Life[] private _lives;
    /// Free deposits as they should be.
    mapping(address account => uint256) public free;
    address[] public accounts;
    mapping(address account => uint256) public received;
    mapping(address account => uint256) public withdrawn;

    constructor(Market market_, TestToken token_) {
        (market, token) = (market_, token_);
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, MOST_SEATS);
        for (uint256 i = 0; i < keys.length; ++i) {
            accounts.push(vm.addr(keys[i]));
        }
        accounts.push(modelProvider);
    }

    function setUp() public override {}

    // Acts

    function deposit(uint256 who, uint256 amount) external {
        address account = accounts[who % accounts.length];
        uint256 sum = bound(amount, 0, 30_000_000);
        depositAs(account, sum);
        free[account] += sum;
    }

    function withdraw(uint256 who, uint256 amount) external {
        address account = accounts[who % accounts.length];
        uint256 sum = bound(amount, 0, free[account]);
        vm.prank(account);
        market.withdraw(address(token), sum);
        free[account] -= sum;
        withdrawn[account] += sum;
    }

    function withdrawTooMuch(uint256 who, uint256 amount) external {
        address account = accounts[who % accounts.length];
        uint256 sum = bound(amount, free[account] + 1, type(uint256).max);
        vm.prank(account);
        vm.expectRevert();
        market.withdraw(address(token), sum);
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 3 hours));
    }

    function createTask(uint256 seed) external {
        if (_lives.length >= MOST_TASKS) return;
        Life storage life = _lives.push();
        life.seed = seed;
        life.startBy = uint40(block.timestamp + 6 hours);
        Cast memory cast = castFrom(_lives.length - 1, seed, life.startBy);
        life.cast = abi.encode(cast);
        life.id = create(cast.terms);
        life.state = State.Open;
        life.escrow = Reference.funded(cast.terms, 0, 0);
    }

    function createTwice(uint256 which) external {
        if (_lives.length == 0) return;
        Cast memory cast = castOf(which % _lives.length);
        vm.prank(modelProvider);
        vm.expectRevert();
        market.create(cast.terms);
    }

    function startTask(uint256 which) external {
        (uint256 index, bool found) = pick(which, State.Open);
        if (!found) return;
        Life storage life = _lives[index];
        Cast memory cast = castOf(index);
        if (block.timestamp > life.startBy) return refuseStart(cast);
        uint16 absent = absentees(cast, life.seed);
        uint256 present = cast.computes.length - Reference.ones(absent);
        if (present < cast.terms.threshold) return refuseStart(cast);
        start(cast);
        life.state = State.Running;
        life.escrow = Reference.funded(cast.terms, cast.computes.length, absent);
        for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
            if ((absent >> seat) & 1 == 0) free[cast.computes[seat].account] -= cast.terms.computeBond;
        }
    }

    function commitTask(uint256 which, uint256 noise) external {
        (uint256 index, bool found) = pick(which, State.Running);
        if (!found) return;
        Life storage life = _lives[index];
        Status memory status = statusOf(life.id);
        Cast memory cast = castOf(index);
        uint16 present = everyone(cast) & ~status.absent;
        Record memory record = recordFor(cast, uint8(status.lastRound + 1 + noise % 3));
        record.aggregator = lowest(present);
        record.delivered &= uint256(keccak256(abi.encode(noise, 1))) | 7;
        record.survivors &= record.delivered & (uint256(keccak256(abi.encode(noise, 2))) | 7);
        bool refused = record.round > cast.terms.maxRounds || block.timestamp > status.deadline;
        Commitment memory commitment = commitmentFor(cast, record, present);
        if (refused) vm.expectRevert();
        Tally memory tally = commit(cast, commitment);
        if (!refused) life.rounds = abi.encode(longer(roundsOf(index), tally));
    }

    /// @notice A round again, an earlier one, or a cohort below its minimum: never.
    function commitBadly(uint256 which, uint256 noise) external {
        (uint256 index, bool found) = pick(which, State.Running);
        if (!found) return;
        Status memory status = statusOf(_lives[index].id);
        Cast memory cast = castOf(index);
        uint16 present = everyone(cast) & ~status.absent;
        Record memory record = recordFor(cast, uint8(noise % (uint256(status.lastRound) + 1)));
        if (noise % 2 == 0) {
            record.round = status.lastRound + 1;
            record.survivors = 3;
        }
        record.aggregator = lowest(present);
        Commitment memory commitment = commitmentFor(cast, record, present);
        vm.expectRevert();
        commit(cast, commitment);
    }

    function settleTask(uint256 which, bool byStranger) external {
        (uint256 index, bool found) = pick(which, State.Running);
        if (!found) return;
        Life storage life = _lives[index];
        Status memory status = statusOf(life.id);
        Cast memory cast = castOf(index);
        bool refused = status.rounds == 0 || (byStranger && block.timestamp <= status.deadline);
        vm.prank(byStranger ? STRANGER : modelProvider);
        if (refused) vm.expectRevert();
        market.settle(cast.terms, cast.computes, cast.datas, roundsOf(index));
        if (refused) return;
        settled(index, byStranger);
    }

    function cancelTask(uint256 which, bool byStranger) external {
        if (_lives.length == 0) return;
        uint256 index = which % _lives.length;
        Life storage life = _lives[index];
        Cast memory cast = castOf(index);
        bool refused = life.state != State.Open || (byStranger && block.timestamp <= life.startBy);
        vm.prank(byStranger ? STRANGER : modelProvider);
        if (refused) vm.expectRevert();
        market.cancel(cast.terms);
        if (!refused) refund(life, cast);
    }

    function expireTask(uint256 which) external {
        if (_lives.length == 0) return;
        uint256 index = which % _lives.length;
        Life storage life = _lives[index];
        Status memory status = statusOf(life.id);
        Cast memory cast = castOf(index);
        bool refused = life.state != State.Running || status.rounds != 0 || block.timestamp <= status.deadline;
        if (refused) vm.expectRevert();
        vm.prank(STRANGER);
        market.expire(cast.terms, cast.computes, datasHash(cast));
        if (refused) return;
        for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
            if ((status.absent >> seat) & 1 == 0) {
                free[cast.computes[seat].account] += cast.terms.computeBond;
            }
        }
        refund(life, cast);
    }

    function claimLeaf(uint256 which, uint256 leaf) external {
        (uint256 index, bool found) = pick(which, State.Settled);
        if (!found) return;
        Life storage life = _lives[index];
        Claim[] memory owed = owedBy(index);
        Claim memory one = owed[leaf % owed.length];
        bool refused = life.claimed[one.index] || block.timestamp <= statusOf(life.id).deadline;
        vm.prank(STRANGER);
        if (refused) vm.expectRevert();
        claimOne(life.id, one);
        if (!refused) remember(life, one);
    }

    // The end: time and a stranger (C13)

    function finish() external {
        for (uint256 index = 0; index < _lives.length; ++index) {
            Life storage life = _lives[index];
            Cast memory cast = castOf(index);
            vm.startPrank(STRANGER);
            if (life.state == State.Open) {
                vm.warp(max(block.timestamp, life.startBy + 1));
                market.cancel(cast.terms);
                refund(life, cast);
            } else if (life.state == State.Running) {
                Status memory status = statusOf(life.id);
                vm.warp(max(block.timestamp, uint256(status.deadline) + 1));
                if (status.rounds == 0) {
                    market.expire(cast.terms, cast.computes, datasHash(cast));
                    for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
                        if ((status.absent >> seat) & 1 == 1) continue;
                        free[cast.computes[seat].account] += cast.terms.computeBond;
                    }
                    refund(life, cast);
                } else {
                    market.settle(cast.terms, cast.computes, cast.datas, roundsOf(index));
                    settled(index, true);
                }
            }
            if (life.state == State.Settled) {
                vm.warp(max(block.timestamp, uint256(statusOf(life.id).deadline) + 1));
                Claim[] memory owed = owedBy(index);
                for (uint256 i = 0; i < owed.length; ++i) {
                    if (life.claimed[i]) continue;
                    claimOne(life.id, owed[i]);
                    remember(life, owed[i]);
                }
            }
            vm.stopPrank();
        }
    }

    // Readings for the invariants

    function tasks() external view returns (uint256) {
        return _lives.length;
    }

    function lifeOf(uint256 index)
        external
        view
        returns (bytes32 id, State state, uint256 escrow, uint256 paid, bytes32 root)
    {
        Life storage life = _lives[index];
        return (life.id, life.state, life.escrow, life.paid, life.root);
    }

    function castOf(uint256 index) public view returns (Cast memory) {
        return abi.decode(_lives[index].cast, (Cast));
    }

    function castFrom(uint256 index, uint256 seed, uint40 startBy) private view returns (Cast memory cast) {
        uint256 datas = 3 + seed % 4;
        uint256 computes = 2 + seed % 3;
        Terms memory terms = termsFor(datas, computes);
        terms.salt = keccak256(abi.encode(index, seed));
        terms.startBy = startBy;
        terms.threshold = uint8(computes / 2 + 1);
        terms.minComputes = terms.threshold;
        terms.maxRounds = 6;
        terms.paidRounds = uint8(1 + seed % 6);
        cast = castFor(terms, datas, computes);
        if (seed % 5 == 0) cast.computeSignatures[0] = "";
    }

    function roundsOf(uint256 index) public view returns (Tally[] memory) {
        bytes memory rounds = _lives[index].rounds;
        return rounds.length == 0 ? new Tally[](0) : abi.decode(rounds, (Tally[]));
    }

    function owedBy(uint256 index) public view returns (Claim[] memory) {
        return abi.decode(_lives[index].owed, (Claim[]));
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    // Details

    function refund(Life storage life, Cast memory cast) private {
        free[modelProvider] += Reference.funded(cast.terms, 0, 0);
        life.state = State.Cancelled;
        life.escrow = 0;
    }

    function settled(uint256 index, bool vanished) private {
        Life storage life = _lives[index];
        uint16 absent = statusOf(life.id).absent;
        life.state = State.Settled;
        life.root = market.task(life.id).root;
        life.owed = abi.encode(claimsOf(castOf(index), roundsOf(index), absent, vanished));
    }

    function remember(Life storage life, Claim memory one) private {
        life.claimed[one.index] = true;
        life.paid += one.amount;
        received[one.payee] += one.amount;
    }

    function refuseStart(Cast memory cast) private {
        vm.expectRevert();
        start(cast);
    }

    function absentees(Cast memory cast, uint256 seed) private view returns (uint16 absent) {
        uint256 nominated = 0;
        for (uint256 i = 0; i < cast.datas.length; ++i) {
            nominated |= 1 << cast.datas[i].compute;
        }
        for (uint256 seat = 0; seat < cast.computes.length; ++seat) {
            bool short = free[cast.computes[seat].account] < cast.terms.computeBond;
            bool unsigned_ = seat == 0 && seed % 5 == 0;
            if (short || unsigned_ || (nominated >> seat) & 1 == 0) absent |= uint16(1 << seat);
        }
    }

    function pick(uint256 which, State state) private view returns (uint256 index, bool found) {
        for (uint256 i = 0; i < _lives.length; ++i) {
            index = (which % _lives.length + i) % _lives.length;
            if (_lives[index].state == state) return (index, true);
        }
    }

    function longer(Tally[] memory rounds, Tally memory tally) private pure returns (Tally[] memory more) {
        more = new Tally[](rounds.length + 1);
        for (uint256 i = 0; i < rounds.length; ++i) {
            more[i] = rounds[i];
        }
        more[rounds.length] = tally;
    }

    function lowest(uint16 bits) private pure returns (uint8 seat) {
        while ((bits >> seat) & 1 == 0) ++seat;
    }

    function max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
