// SPDX-License-Identifier: MIT
// Everyone who may act, acting at random. An act that the market should refuse says so and expects it.
pragma solidity 0.8.37;

import {Acceptances, Claim, Commitment, Plan, State, Status, Tally} from "../../IMarket.sol";
import {Market} from "../../Market.sol";
import {TestToken} from "../../TestToken.sol";
import {ContractAccount} from "../Accounts.sol";
import {Cast} from "../Fixture.sol";
import {ListingToken, TaxedToken} from "../Tokens.sol";
import {Ledger, Life} from "./Ledger.sol";
import {Scenes, Scripted} from "./Scenes.sol";

contract Handler is Ledger {
    TaxedToken private immutable TAXED = new TaxedToken();

    constructor(Market market_) Scenes(market_) {
        uint256[] memory keys = sortedKeys(COMPUTE_KEYS, SEATS);
        for (uint256 i = 0; i < keys.length; ++i) {
            accounts.push(vm.addr(keys[i]));
        }
        accounts.push(address(contractAccount));
        accounts.push(modelProvider);
        for (uint256 i = 0; i < accounts.length * tokens.length; ++i) {
            give(accounts[i / tokens.length], tokens[i % tokens.length], 25_000_000);
        }
    }

    function setUp() public override {}

    // Anyone with a balance

    function deposit(uint256 who, uint256 which, uint256 amount) external {
        give(accounts[who % accounts.length], tokens[which % tokens.length], between(amount, 0, 40_000_000));
    }

    function withdraw(uint256 who, uint256 which, uint256 amount) external {
        address account = accounts[who % accounts.length];
        address paid_ = tokens[which % tokens.length];
        uint256 sum = between(amount, 0, free[paid_][account]);
        vm.prank(account);
        market.withdraw(paid_, sum);
        withdrew(paid_, account, sum);
    }

    function withdrawTooMuch(uint256 who, uint256 which, uint256 amount) external {
        address account = accounts[who % accounts.length];
        address paid_ = tokens[which % tokens.length];
        uint256 sum = between(amount, free[paid_][account] + 1, type(uint256).max);
        vm.prank(account);
        vm.expectRevert();
        market.withdraw(paid_, sum);
    }

    /// @notice A relay carries a withdrawal that was signed; never twice, never for more than was signed.
    function withdrawBySignature(uint256 which, uint256 amount) external {
        address paid_ = tokens[which % tokens.length];
        uint256 sum = between(amount, 0, free[paid_][modelProvider]);
        uint256 nonce = market.nonces(modelProvider);
        bytes32 digest = withdrawalDigest(paid_, modelProvider, sum, nonce, block.timestamp);
        bytes memory signature = signed(PROVIDER_KEY, digest);
        vm.startPrank(STRANGER);
        vm.expectRevert();
        market.withdrawFor(paid_, modelProvider, sum + 1, block.timestamp, signature);
        market.withdrawFor(paid_, modelProvider, sum, block.timestamp, signature);
        vm.expectRevert();
        market.withdrawFor(paid_, modelProvider, sum, block.timestamp, signature);
        vm.stopPrank();
        withdrew(paid_, modelProvider, sum);
    }

    function depositTaxed(uint256 amount) external {
        uint256 sum = between(amount, 100, 1e30);
        TAXED.mint(STRANGER, sum);
        vm.startPrank(STRANGER);
        TAXED.approve(address(market), sum);
        vm.expectRevert();
        market.deposit(address(TAXED), sum);
        vm.stopPrank();
    }

    // Time, and moods of tokens and accounts

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + between(seconds_, 1, 90 minutes));
    }

    function list(uint256 which, uint256 seat, bool is_) external {
        Cast memory cast = castOf(which % SCENES);
        ListingToken(tokens[1]).list(cast.datas[seat % cast.datas.length].payee, is_);
    }

    function flip(uint256 which, uint256 mood) external {
        bytes32 digest = contractDigests[which % 2 == 0 ? 1 : 5];
        contractAccount.approveDigest(digest, ContractAccount.Mood(mood % 4));
    }

    // The model provider

    function createTask(uint256 which) external {
        (uint256 scene, bool found) = pick(which, State.None);
        if (!found) return;
        Cast memory cast = castOf(scene);
        token = TestToken(cast.terms.token);
        if (block.timestamp > cast.terms.startBy) {
            vm.prank(modelProvider);
            vm.expectRevert();
            market.create(cast.terms);
            return;
        }
        create(cast.terms);
        opened(lives[scene], cast);
    }

    function createTwice(uint256 which) external {
        uint256 scene = which % SCENES;
        if (lives[scene].state == State.None) return;
        Cast memory cast = castOf(scene);
        vm.prank(modelProvider);
        vm.expectRevert();
        market.create(cast.terms);
    }

    function startTask(uint256 which, uint256 blank) external {
        (uint256 scene, bool found) = pick(which, State.Open);
        if (!found) return;
        Cast memory cast = castOf(scene);
        if (blank % 8 < SEATS) cast.computeSignatures[blank % 8] = "";
        uint16 absent = absentees(scene, cast);
        bool refused = block.timestamp > cast.terms.startBy || onesOf(absent) > SEATS - cast.terms.threshold;
        if (refused) vm.expectRevert();
        start(cast);
        if (!refused) started(lives[scene], cast, absent);
    }

    /// @notice By a stranger, with somebody left out, without an invitation, or with another's signature: never.
    function startBadly(uint256 which, uint256 how) external {
        (uint256 scene, bool found) = pick(which, State.Open);
        if (!found) return;
        Cast memory cast = castOf(scene);
        Acceptances memory acceptances = acceptancesOf(cast);
        if (how % 4 == 1) acceptances.datas = new bytes[](cast.datas.length - 1);
        if (how % 4 == 2) acceptances.invitations = new bytes32[][](cast.datas.length + 1);
        if (how % 4 == 3) acceptances.datas[0] = acceptances.datas[1];
        vm.prank(how % 4 == 0 ? STRANGER : modelProvider);
        vm.expectRevert();
        market.start(cast.terms, partiesOf(cast), acceptances);
    }

    function cancelTask(uint256 which, bool byStranger) external {
        uint256 scene = which % SCENES;
        Cast memory cast = castOf(scene);
        bool early = byStranger && block.timestamp <= cast.terms.startBy;
        bool refused = lives[scene].state != State.Open || early;
        vm.prank(byStranger ? STRANGER : modelProvider);
        if (refused) vm.expectRevert();
        market.cancel(cast.terms);
        if (!refused) refunded(lives[scene], cast);
    }

    function settleTask(uint256 which, bool byStranger, bool faulted, uint256 noise) external {
        (uint256 scene, bool found) = pick(which, faulted ? State.Faulted : State.Running);
        if (!found) return;
        Life storage one = lives[scene];
        Cast memory cast = castOf(scene);
        bool vanished = byStranger && !faulted;
        bool punished = faulted || vanished;
        bool refused = one.rounds.length == 0 || (vanished && block.timestamp <= deadlineOf(one));
        int32[][] memory utilities = scores(scene, cast, punished, noise);
        address who = byStranger ? STRANGER : modelProvider;
        Tally[] memory rounds = tallies(scene);
        if (refused) vm.expectRevert();
        settleAs(who, cast, rounds, utilities);
        if (!refused) settled(scene, cast, utilities, punished);
    }

    /// @notice With a round missing, altered or made up, or with utilities that do not fit: never.
    function settleBadly(uint256 which, uint256 how) external {
        (uint256 scene, bool found) = pick(which, State.Running);
        if (!found) return;
        Cast memory cast = castOf(scene);
        Tally[] memory rounds = tallies(scene);
        int32[][] memory utilities = scores(scene, cast, false, how);
        if (how % 3 == 0 || rounds.length == 0) rounds = new Tally[](0);
        else if (how % 3 == 1) rounds[0].signers ^= 1;
        else utilities = new int32[][](utilities.length + 1);
        vm.expectRevert();
        settle(cast, rounds, utilities);
    }

    // Compute providers and whoever carries what they signed

    function commitRound(uint256 which, uint256 skip, uint256 missing) external {
        (uint256 scene, bool found) = pick(which, State.Running);
        if (!found) return;
        Life storage one = lives[scene];
        Status memory status = statusOf(one.id);
        uint8 round = uint8(status.lastRound + 1 + (skip % 4 == 0 ? 1 : 0));
        if (round > ROUNDS) return;
        Scripted memory scripted = scriptOf(scene, round);
        uint16 signers = uint16(0xf & ~(status.absent | status.slashed));
        if (signers == 0xf && missing % 4 != scripted.record.aggregator) {
            signers ^= uint16(1 << (missing % 4));
        }
        bool refused = block.timestamp > status.deadline || onesOf(signers) < 3
            || (signers >> scripted.record.aggregator) & 1 == 0;
        Commitment memory commitment = assemble(scripted, signers);
        if (refused) vm.expectRevert();
        commit(castOf(scene), commitment);
        if (refused) return;
        one.rounds.push(round);
        one.signers.push(signers);
    }

    /// @notice A round again, by too few, by the absent or the slashed, or not as it was signed: never.
    function commitBadly(uint256 which, uint256 how) external {
        (uint256 scene, bool found) = pick(which, State.Running);
        if (!found) return;
        Status memory status = statusOf(lives[scene].id);
        uint8 next = status.lastRound < ROUNDS ? status.lastRound + 1 : ROUNDS;
        bool again = how % 4 == 0 && status.lastRound != 0;
        Scripted memory scripted = scriptOf(scene, again ? status.lastRound : next);
        uint16 excluded = status.absent | status.slashed;
        uint16 signers = how % 4 == 1 || excluded == 0 ? 3 : 0xf;
        if (how % 4 == 2) scripted.record.survivors = 3;
        if (how % 4 == 3) scripted.record.delivered ^= 1;
        vm.expectRevert();
        commit(castOf(scene), assemble(scripted, signers));
    }

    // Strangers

    function expireTask(uint256 which) external {
        uint256 scene = which % SCENES;
        Life storage one = lives[scene];
        if (one.state == State.None) return;
        Cast memory cast = castOf(scene);
        bool refused =
            one.state != State.Running || one.rounds.length != 0 || block.timestamp <= deadlineOf(one);
        vm.prank(STRANGER);
        if (refused) vm.expectRevert();
        market.expire(cast.terms, cast.computes, datasHash(cast));
        if (!refused) refunded(one, cast);
    }

    function claimLeaf(uint256 which, uint256 leaf) external {
        (uint256 scene, bool found) = pick(which, State.Settled);
        if (!found) return;
        Life storage one = lives[scene];
        Cast memory cast = castOf(scene);
        Claim[] memory leaves = owed(scene);
        Claim memory claim = leaves[leaf % leaves.length];
        bool refused = (one.claimed >> claim.index) & 1 == 1 || block.timestamp <= deadlineOf(one)
            || (cast.terms.token == tokens[1]
                && claim.amount != 0
                && ListingToken(tokens[1]).listed(claim.payee));
        vm.prank(STRANGER);
        if (refused) vm.expectRevert();
        claimOne(cast.terms, claim);
        if (!refused) leafPaid(one, cast, claim);
    }

    /// @notice More than is owed, to another, or out of another task: never.
    function claimBadly(uint256 which, uint256 leaf, uint256 how) external {
        (uint256 scene, bool found) = pick(which, State.Settled);
        if (!found) return;
        Cast memory cast = castOf(scene);
        Claim[] memory leaves = owed(scene);
        Claim memory claim = leaves[leaf % leaves.length];
        if (how % 3 == 0) claim.amount += 1;
        else if (how % 3 == 1) claim.payee = STRANGER;
        else cast.terms.salt = castOf((scene + 1) % SCENES).terms.salt;
        vm.prank(STRANGER);
        vm.expectRevert();
        claimOne(cast.terms, claim);
    }

    // Details

    function give(address account, address paid_, uint256 sum) private {
        token = TestToken(paid_);
        depositAs(account, sum);
        earn(paid_, account, sum);
        due[paid_] += sum;
    }

    /// @dev As `bound`, which writes a line at every call.
    function between(uint256 x, uint256 low, uint256 high) private pure returns (uint256) {
        return high - low == type(uint256).max ? x : low + x % (high - low + 1);
    }

    function withdrew(address paid_, address account, uint256 sum) private {
        free[paid_][account] -= sum;
        due[paid_] -= sum;
        withdrawn[paid_][account] += sum;
    }

    function assemble(Scripted memory scripted, uint16 signers)
        private
        pure
        returns (Commitment memory commitment)
    {
        commitment.record = scripted.record;
        commitment.openerSignature = scripted.openerSignature;
        commitment.signers = signers;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            if ((signers >> seat) & 1 == 0) continue;
            commitment.signatures = bytes.concat(commitment.signatures, scripted.signatures[seat]);
        }
    }

    function absentees(uint256 scene, Cast memory cast) private view returns (uint16 absent) {
        uint256 nominated = 0;
        for (uint256 i = 0; i < cast.datas.length; ++i) {
            nominated |= 1 << cast.datas[i].compute;
        }
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            address account = cast.computes[seat].account;
            bool missing = (nominated >> seat) & 1 == 0 || cast.computeSignatures[seat].length == 0
                || free[cast.terms.token][account] < cast.terms.computeBond;
            if (!missing && account == address(contractAccount)) {
                missing = !contractAccount.approves(contractDigests[scene]);
            }
            if (missing) absent |= uint16(1 << seat);
        }
    }

    function scores(uint256 scene, Cast memory cast, bool punished, uint256 noise)
        private
        view
        returns (int32[][] memory utilities)
    {
        Life storage one = lives[scene];
        if (cast.terms.plan == Plan.Equal || punished || one.rounds.length == 0) return utilities;
        utilities = new int32[][]((uint256(one.rounds[one.rounds.length - 1]) - 1) / 3 + 1);
        for (uint256 e = 0; e < utilities.length; ++e) {
            utilities[e] = new int32[](2);
        }
        for (uint256 i = 0; i < one.rounds.length; ++i) {
            uint256[] memory cohorts = scriptOf(scene, one.rounds[i]).record.cohorts;
            uint256 survivors = scriptOf(scene, one.rounds[i]).record.survivors;
            uint256 e = (uint256(one.rounds[i]) - 1) / 3;
            for (uint256 c = 0; c < cohorts.length; ++c) {
                if (cohorts[c] & survivors == 0) continue;
                utilities[e][c] = int32(int256(uint256(keccak256(abi.encode(noise, e, c))) % 7)) - 3;
            }
        }
    }
}
