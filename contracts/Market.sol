// SPDX-License-Identifier: MIT
// The money of federated tasks: who may move it, when, and how much. Promises are in IMarket.sol.
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Bits} from "./Bits.sol";
import {Digests} from "./Digests.sol";
import {Case, Evidence} from "./Evidence.sol";
import {
    Acceptances,
    Charge,
    Claim,
    Commitment,
    ComputeParty,
    DataParty,
    IMarket,
    Kind,
    Parties,
    Plan,
    Record,
    State,
    Status,
    Tally,
    Task,
    Terms
} from "./IMarket.sol";
import {Payouts} from "./Payouts.sol";
import {Plans} from "./Plans.sol";

contract Market is IMarket, EIP712, Nonces, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant LEAST_COHORT = 3;
    uint256 private constant LEAST_EPOCH = 3;
    uint256 private constant MOST_PROVIDERS = 255;
    uint256 private constant MOST_COMPUTES = 16;
    uint256 private constant MOST_COHORTS = 32;
    /// As many updates can be added without noise reaching a sum, and a wrong sum of them be shown in a transaction.
    uint256 private constant MOST_COHORT = 64;
    /// 32-byte words of a data party; of a tally without its cohorts, utilities counted in.
    uint256 private constant PARTY_WORDS = 9;
    uint256 private constant ROUND_WORDS = 11;
    /// With terms and compute parties, calldata below the 128 KB that nodes pass on.
    uint256 private constant MOST_WORDS = 3_900;
    /// Provider rounds: about 400 gas each of the 16,777,216 that a transaction may use (EIP-7825).
    uint256 private constant MOST_DELIVERIES = 16_384;
    uint32 private constant LONGEST_WINDOW = 90 days;
    uint256 private constant WHOLE = 10_000;
    uint256 private constant LOCAL_CHAIN = 31337;

    /// @inheritdoc IMarket
    uint32 public immutable SHORTEST_WINDOW;

    /// @inheritdoc IMarket
    mapping(address token => mapping(address account => uint256)) public deposits;

    mapping(bytes32 id => Task) private _tasks;

    constructor(uint32 shortestWindow) EIP712("Galaxy", "1") {
        require(shortestWindow >= 1 days || block.chainid == LOCAL_CHAIN, WindowBelowDay(shortestWindow));
        SHORTEST_WINDOW = shortestWindow;
        // Reverts where the chain lacks an instruction that settlement needs.
        assert(Bits.lowest(8) == 3);
    }

    /// @inheritdoc IMarket
    function taskId(Terms calldata terms) public view returns (bytes32) {
        return Digests.taskId(address(this), terms);
    }

    /// @inheritdoc IMarket
    function task(bytes32 id) external view returns (Task memory) {
        return _tasks[id];
    }

    // Deposits

    /// @inheritdoc IMarket
    function deposit(address token, uint256 amount) external nonReentrant {
        _deposit(token, msg.sender, amount);
    }

    /// @inheritdoc IMarket
    function depositFor(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        uint256 nonce = IERC20Permit(token).nonces(account);
        IERC20Permit(token).permit(account, address(this), amount, deadline, v, r, s);
        require(IERC20Permit(token).nonces(account) == nonce + 1, PermitIgnored(token));
        _deposit(token, account, amount);
    }

    /// @inheritdoc IMarket
    function withdraw(address token, uint256 amount) external nonReentrant {
        _withdraw(token, msg.sender, amount);
    }

    /// @inheritdoc IMarket
    function withdrawFor(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant {
        _checkNotAfter(deadline);
        bytes32 digest =
            _hashTypedDataV4(Digests.withdrawal(token, account, amount, _useNonce(account), deadline));
        require(_accepted(account, digest, signature), WithdrawalInvalid(account));

        _withdraw(token, account, amount);
    }

    /// @inheritdoc IMarket
    function nonces(address account) public view override(IMarket, Nonces) returns (uint256) {
        return super.nonces(account);
    }

    // Life of a task

    /// @inheritdoc IMarket
    function create(Terms calldata terms) external nonReentrant returns (bytes32 id) {
        id = taskId(terms);
        Status storage status = _tasks[id].status;
        require(msg.sender == terms.modelProvider, NotModelProvider(msg.sender, terms.modelProvider));
        require(status.state == State.None, WrongState(id, status.state));
        _checkNotAfter(terms.startBy);
        _checkBounds(terms);
        _checkMoney(terms);

        status.state = State.Open;
        status.deadline = terms.startBy;

        emit TaskCreated(id, terms.modelProvider, terms);

        _receive(terms.token, msg.sender, Payouts.funded(terms, 0));
    }

    /// @inheritdoc IMarket
    function start(Terms calldata terms, Parties calldata parties, Acceptances calldata acceptances)
        external
        nonReentrant
    {
        bytes32 id = _in(State.Open, terms);
        require(msg.sender == terms.modelProvider, NotModelProvider(msg.sender, terms.modelProvider));
        _checkNotAfter(terms.startBy);
        uint256 nominated = _admitDatas(id, terms, parties, acceptances.datas);
        _checkInvited(terms.invited, parties.datas, acceptances.invitations);

        uint16 absent = _seatComputes(id, terms, parties, acceptances.computes, nominated);
        _run(id, terms, parties, absent);
    }

    /// @inheritdoc IMarket
    function cancel(Terms calldata terms) external nonReentrant {
        bytes32 id = _in(State.Open, terms);
        require(
            msg.sender == terms.modelProvider || block.timestamp > terms.startBy,
            TooEarly(block.timestamp, terms.startBy)
        );

        _cancel(id, terms);
    }

    /// @inheritdoc IMarket
    function expire(Terms calldata terms, ComputeParty[] calldata computes, bytes32 datas)
        external
        nonReentrant
    {
        bytes32 id = _in(State.Running, terms);
        Status memory status = _tasks[id].status;
        require(status.rounds == 0, RoundsCommitted(id, status.rounds));
        require(block.timestamp > status.deadline, TooEarly(block.timestamp, status.deadline));
        require(Digests.parties(computes, datas) == _tasks[id].parties, PartiesMismatch(id));

        for (uint256 seat = 0; seat < computes.length; ++seat) {
            if (Bits.has(status.absent, seat)) continue;
            deposits[terms.token][computes[seat].account] += terms.computeBond;
        }
        _cancel(id, terms);
    }

    /// @inheritdoc IMarket
    function commitRound(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        bytes32 datas,
        Commitment calldata commitment
    ) external nonReentrant {
        bytes32 id = _in(State.Running, terms);
        Record calldata record = commitment.record;
        Status memory status = _tasks[id].status;
        require(Digests.parties(computes, datas) == _tasks[id].parties, PartiesMismatch(id));
        _checkOpening(id, terms, status, commitment);
        _checkBitmaps(terms, record, status.datas);
        bytes32 recordHash = Digests.record(record);
        _checkSigners(id, terms, computes, status.absent | status.slashed, commitment, recordHash);

        status.rounds += 1;
        status.lastRound = record.round;
        status.deadline = _after(terms.idleWindow);
        _tasks[id].status = status;
        _tasks[id].log = Digests.log(_tasks[id].log, recordHash, commitment.signers);

        emit RoundCommitted(id, record.round, record, commitment.signers, status.deadline);
    }

    /// @inheritdoc IMarket
    function settle(
        Terms calldata terms,
        Parties calldata parties,
        Tally[] calldata rounds,
        int32[][] calldata utilities
    ) external nonReentrant {
        bytes32 id = taskId(terms);
        Status memory status = _tasks[id].status;
        bool punished = _punished(id, terms, status);
        require(Digests.parties(parties) == _tasks[id].parties, PartiesMismatch(id));
        _checkEpochs(terms, status.lastRound, punished, utilities.length);
        (bytes32 log, bytes32 root) =
            Payouts.outcome(terms, parties, rounds, utilities, status.absent, punished);
        require(log == _tasks[id].log, LogMismatch(id));

        status.state = State.Settled;
        status.deadline = _after(terms.challengeWindow);
        _tasks[id].status = status;
        _tasks[id].root = root;

        emit TaskSettled(id, root, punished, status.deadline, utilities);
    }

    /// @inheritdoc IMarket
    function claim(Terms calldata terms, Claim[] calldata claims) external nonReentrant {
        bytes32 id = _in(State.Settled, terms);
        Status memory status = _tasks[id].status;
        require(block.timestamp > status.deadline, TooEarly(block.timestamp, status.deadline));
        bytes32 root = _tasks[id].root;
        uint256 claimed = _tasks[id].claimed;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            bytes32 leaf = Digests.leaf(terms.token, one.index, one.payee, one.amount);
            require(!Bits.has(claimed, one.index), AlreadyClaimed(id, one.index));
            require(MerkleProof.verifyCalldata(one.proof, root, leaf), ProofInvalid(id, one.index));
            claimed |= Bits.only(one.index);
        }

        _tasks[id].claimed = claimed;

        // Bit by leaf index, as seats of compute providers follow those of data providers.
        uint256 slashed = uint256(status.slashed) << status.datas;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            address payee = Bits.has(slashed, one.index) ? terms.modelProvider : one.payee;
            emit Claimed(id, one.index, payee, one.amount);
            if (one.amount != 0) IERC20(terms.token).safeTransfer(payee, one.amount);
        }
    }

    // Proofs

    /// @inheritdoc IMarket
    function prove(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        bytes32 datas,
        Charge charge,
        bytes calldata evidence
    ) external nonReentrant {
        bytes32 id = taskId(terms);
        Task memory accused = _tasks[id];
        require(_isProvable(accused.status), NotProvable(id, accused.status.state, accused.status.deadline));
        require(accused.status.rounds != 0, NoRounds(id));
        require(Digests.parties(computes, datas) == accused.parties, PartiesMismatch(id));
        Case memory case_ = Case(id, accused.log, datas, _domainSeparatorV4(), terms.opener, terms.words);
        (uint8 round, uint16 seats) = Evidence.judge(case_, computes, charge, evidence);

        if (charge == Charge.TwoOpenings) _fault(id, round);
        else _slash(id, round, seats);
    }

    // Checks

    function _checkNotAfter(uint256 deadline) private view {
        require(block.timestamp <= deadline, TooLate(block.timestamp, deadline));
    }

    function _in(State state, Terms calldata terms) private view returns (bytes32 id) {
        id = taskId(terms);
        State actual = _tasks[id].status.state;
        require(actual == state, WrongState(id, actual));
    }

    /// @return punished Whether the caller, settling now, takes the model provider's bond.
    function _punished(bytes32 id, Terms calldata terms, Status memory status)
        private
        view
        returns (bool punished)
    {
        bool running = status.state == State.Running;
        require(running || status.state == State.Faulted, WrongState(id, status.state));
        require(status.rounds != 0, NoRounds(id));
        bool vanished = running && msg.sender != terms.modelProvider;
        require(!vanished || block.timestamp > status.deadline, TooEarly(block.timestamp, status.deadline));
        return vanished || status.guilty;
    }

    function _checkEpochs(Terms calldata terms, uint8 lastRound, bool punished, uint256 utilities)
        private
        pure
    {
        bool scored = terms.plan != Plan.Equal && !punished;
        uint256 epochs = scored ? Plans.epoch(terms, lastRound) + 1 : 0;
        require(utilities == epochs, UtilityCountInvalid(utilities, epochs));
    }

    /// @dev Whatever can still change who is paid: until claims open.
    function _isProvable(Status memory status) private view returns (bool) {
        if (status.state == State.Settled) return block.timestamp <= status.deadline;
        return status.state == State.Running || status.state == State.Faulted;
    }

    function _checkBounds(Terms calldata terms) private pure {
        uint256 providers = uint256(terms.maxDatas) + terms.maxComputes;
        require(
            providers <= MOST_PROVIDERS && terms.maxComputes <= MOST_COMPUTES,
            TooManyProviders(terms.maxDatas, terms.maxComputes)
        );
        require(
            terms.minCohort <= terms.minDatas && terms.minDatas <= terms.maxDatas,
            DataBoundsInvalid(terms.minDatas, terms.maxDatas, terms.minCohort)
        );
        require(
            terms.minCohort >= LEAST_COHORT && terms.minCohort <= MOST_COHORT && terms.maxCohorts != 0
                && terms.maxCohorts <= MOST_COHORTS,
            CohortBoundsInvalid(terms.minCohort, terms.maxCohorts)
        );
        require(
            terms.threshold <= terms.minComputes && terms.minComputes <= terms.maxComputes,
            ComputeBoundsInvalid(terms.minComputes, terms.maxComputes, terms.threshold)
        );
        require(
            2 * uint256(terms.threshold) > terms.maxComputes,
            ThresholdTooLow(terms.threshold, terms.maxComputes)
        );
        require(
            terms.paidRounds != 0 && terms.paidRounds <= terms.maxRounds,
            RoundsInvalid(terms.paidRounds, terms.maxRounds)
        );
        require(terms.roundsPerEpoch >= LEAST_EPOCH, EpochTooShort(terms.roundsPerEpoch));
        require(terms.words != 0 && terms.sampleCap != 0, MeterInvalid(terms.words, terms.sampleCap));
        require(terms.minQuality <= WHOLE, QualityInvalid(terms.minQuality));
        _checkSize(terms);
    }

    /// @dev Settlement is one transaction: its calldata and its gas are bounded here, or a task could have no end.
    function _checkSize(Terms calldata terms) private pure {
        uint256 rounds = terms.maxRounds;
        uint256 words = PARTY_WORDS * terms.maxDatas + rounds * (ROUND_WORDS + 2 * uint256(terms.maxCohorts));
        uint256 deliveries = rounds * terms.maxDatas;
        require(words <= MOST_WORDS && deliveries <= MOST_DELIVERIES, TaskTooLarge(words, deliveries));
    }

    function _checkMoney(Terms calldata terms) private view {
        require(terms.referee == address(0), RefereeUnsupported(terms.referee));
        require(terms.bond >= terms.disputeBond, BondTooSmall(terms.bond, terms.disputeBond));
        _checkWindow(terms.idleWindow);
        _checkWindow(terms.challengeWindow);
    }

    function _checkWindow(uint32 window) private view {
        require(
            window >= SHORTEST_WINDOW && window <= LONGEST_WINDOW,
            WindowInvalid(window, SHORTEST_WINDOW, LONGEST_WINDOW)
        );
    }

    /// @return nominated Bitmap of the compute seats that a data provider named.
    function _admitDatas(
        bytes32 id,
        Terms calldata terms,
        Parties calldata parties,
        bytes[] calldata signatures
    ) private view returns (uint256 nominated) {
        DataParty[] calldata datas = parties.datas;
        require(
            datas.length >= terms.minDatas && datas.length <= terms.maxDatas,
            DataCountInvalid(datas.length, terms.minDatas, terms.maxDatas)
        );
        require(signatures.length == datas.length, SignatureCountInvalid(signatures.length, datas.length));
        bytes32 committee = Digests.committee(parties.computes);
        uint256 floors = 0;
        address last = address(0);
        for (uint256 seat = 0; seat < datas.length; ++seat) {
            DataParty calldata party = datas[seat];
            require(party.account > last, NotAscending(party.account));
            last = party.account;
            _checkData(terms, party, parties.computes.length);
            bytes32 digest = _hashTypedDataV4(Digests.dataAcceptance(id, committee, party));
            require(_accepted(last, digest, signatures[seat]), AcceptanceInvalid(last));
            nominated |= Bits.only(party.compute);
            floors += party.floor;
        }
        require(floors <= terms.dataPool, FloorsExceedPool(floors, terms.dataPool));
    }

    function _checkInvited(bytes32 invited, DataParty[] calldata datas, bytes32[][] calldata invitations)
        private
        pure
    {
        uint256 expected = invited == 0 ? 0 : datas.length;
        require(invitations.length == expected, InvitationCountInvalid(invitations.length, expected));
        for (uint256 seat = 0; seat < expected; ++seat) {
            address account = datas[seat].account;
            bytes32 leaf = Digests.invited(account);
            require(MerkleProof.verifyCalldata(invitations[seat], invited, leaf), NotInvited(account));
        }
    }

    function _checkData(Terms calldata terms, DataParty calldata party, uint256 seats) private pure {
        require(party.payee != address(0), PayeeMissing(party.account));
        require(
            party.quality >= terms.minQuality, QualityTooLow(party.account, party.quality, terms.minQuality)
        );
        require(party.quality <= WHOLE, QualityInvalid(party.quality));
        require(party.samples != 0, NoSamples(party.account));
        require(party.compute < seats, SeatMissing(party.account, party.compute));
    }

    /// @dev Locks the bonds of the seats that are present.
    function _seatComputes(
        bytes32 id,
        Terms calldata terms,
        Parties calldata parties,
        bytes[] calldata signatures,
        uint256 nominated
    ) private returns (uint16 absent) {
        ComputeParty[] calldata computes = parties.computes;
        require(
            computes.length >= terms.minComputes && computes.length <= terms.maxComputes,
            ComputeCountInvalid(computes.length, terms.minComputes, terms.maxComputes)
        );
        require(
            signatures.length == computes.length, SignatureCountInvalid(signatures.length, computes.length)
        );
        uint256 highest = 0;
        uint256 prices = 0;
        address last = address(0);
        for (uint256 seat = 0; seat < computes.length; ++seat) {
            ComputeParty calldata party = computes[seat];
            require(party.account > last, NotAscending(party.account));
            last = party.account;
            if (!Bits.has(nominated, seat) || !_seats(id, terms, party, signatures[seat])) {
                // forge-lint: disable-next-line(unsafe-typecast)
                absent |= uint16(Bits.only(seat)); // a seat is below 16
                continue;
            }
            deposits[terms.token][last] -= terms.computeBond;
            if (party.price > highest) highest = party.price;
            prices += party.price;
        }
        uint256 present = computes.length - Bits.count(absent);
        require(present >= terms.threshold, TooFewPresent(present, terms.threshold));
        uint256 worst = Payouts.worstCompute(terms, parties.datas.length, highest, prices);
        require(worst <= terms.computePool, ComputeExceedsPool(worst, terms.computePool));
    }

    /// @dev The signature is looked at last: a contract account that burns gas is passed over by an empty one.
    function _seats(bytes32 id, Terms calldata terms, ComputeParty calldata party, bytes calldata signature)
        private
        view
        returns (bool)
    {
        if (signature.length == 0 || party.payee == address(0)) return false;
        if (deposits[terms.token][party.account] < terms.computeBond) return false;
        return _accepted(party.account, _hashTypedDataV4(Digests.computeAcceptance(id, party)), signature);
    }

    /// @dev Asks for code only where the key did not sign: a cold account costs 2,600 gas to look at.
    function _accepted(address account, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError && signer == account) return true;
        return account.code.length != 0
            && SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature);
    }

    function _checkOpening(
        bytes32 id,
        Terms calldata terms,
        Status memory status,
        Commitment calldata commitment
    ) private view {
        Record calldata record = commitment.record;
        require(
            record.round > status.lastRound && record.round <= terms.maxRounds,
            RoundOutOfOrder(record.round, status.lastRound, terms.maxRounds)
        );
        _checkNotAfter(record.closes);
        _checkNotAfter(status.deadline);
        bytes32 opening = Digests.opening(record.opened, record.closes);
        bytes32 once = Digests.once(id, Kind.Opening, record.round, opening);
        require(
            Evidence.signed(_domainSeparatorV4(), terms.opener, once, commitment.openerSignature),
            OpeningInvalid(record.round)
        );
    }

    function _checkBitmaps(Terms calldata terms, Record calldata record, uint8 datas) private pure {
        uint256 cohorts = record.cohorts.length;
        require(cohorts != 0 && cohorts <= terms.maxCohorts, CohortCountInvalid(cohorts, terms.maxCohorts));
        uint256 union = 0;
        for (uint256 i = 0; i < cohorts; ++i) {
            uint256 cohort = record.cohorts[i];
            require(union & cohort == 0, CohortsOverlap(i));
            union |= cohort;
            uint256 survivors = Bits.count(cohort & record.survivors);
            require(
                survivors == 0 || (survivors >= terms.minCohort && survivors <= MOST_COHORT),
                CohortSizeInvalid(i, survivors, terms.minCohort, MOST_COHORT)
            );
        }
        require(union >> datas == 0, SeatOutOfRange(union, datas));
        require(record.delivered & ~union == 0, DeliveredOutsideCohorts(record.delivered, union));
        require(
            record.survivors & ~record.delivered == 0,
            SurvivorNotDelivered(record.survivors, record.delivered)
        );
        require(record.survivors != 0, NoSurvivors(record.round));
    }

    /// @param excluded Bitmap of the seats that do not count.
    function _checkSigners(
        bytes32 id,
        Terms calldata terms,
        ComputeParty[] calldata computes,
        uint16 excluded,
        Commitment calldata commitment,
        bytes32 recordHash
    ) private view {
        uint256 signers = commitment.signers;
        uint256 count = Bits.count(signers);
        require(
            signers & excluded == 0 && signers >> computes.length == 0,
            SignerExcluded(commitment.signers, excluded)
        );
        require(
            Bits.has(signers, commitment.record.aggregator),
            AggregatorMissing(commitment.record.aggregator, commitment.signers)
        );
        require(count >= terms.threshold, TooFewSigners(count, terms.threshold));
        bytes calldata signatures = commitment.signatures;
        require(
            signatures.length == count * SIGNATURE_BYTES,
            SignatureCountInvalid(signatures.length / SIGNATURE_BYTES, count)
        );
        bytes32 once = Digests.once(id, Kind.Record, commitment.record.round, recordHash);
        bytes32 domain = _domainSeparatorV4();
        for (; signers != 0; signers &= signers - 1) {
            uint256 seat = Bits.lowest(signers);
            require(
                Evidence.signed(domain, computes[seat].device, once, signatures[:SIGNATURE_BYTES]),
                RecordSignatureInvalid(seat)
            );
            signatures = signatures[SIGNATURE_BYTES:];
        }
    }

    // Effects

    function _run(bytes32 id, Terms calldata terms, Parties calldata parties, uint16 absent) private {
        uint40 deadline = _after(terms.idleWindow);
        Status storage status = _tasks[id].status;
        status.state = State.Running;
        status.deadline = deadline;
        // At most 255 parties in all, as the terms' bounds were checked at creation.
        // forge-lint: disable-next-line(unsafe-typecast)
        status.datas = uint8(parties.datas.length);
        // forge-lint: disable-next-line(unsafe-typecast)
        status.computes = uint8(parties.computes.length);
        status.absent = absent;
        _tasks[id].parties = Digests.parties(parties);

        emit TaskStarted(id, parties.computes, parties.datas, absent, deadline);
    }

    function _slash(bytes32 id, uint8 round, uint16 seats) private {
        uint16 added = seats & ~(_tasks[id].status.slashed | _tasks[id].status.absent);
        require(added != 0, AlreadyProven(id));

        _tasks[id].status.slashed |= added;

        emit Slashed(id, round, added);
    }

    function _fault(bytes32 id, uint8 round) private {
        Status storage status = _tasks[id].status;
        require(!status.guilty, AlreadyProven(id));

        status.guilty = true;
        status.state = State.Faulted;

        emit TaskFaulted(id, round);
    }

    function _cancel(bytes32 id, Terms calldata terms) private {
        _tasks[id].status.state = State.Cancelled;
        deposits[terms.token][terms.modelProvider] += Payouts.funded(terms, 0);

        emit TaskCancelled(id);
    }

    function _deposit(address token, address account, uint256 amount) private {
        deposits[token][account] += amount;

        emit Deposited(token, account, amount);

        _receive(token, account, amount);
    }

    function _withdraw(address token, address account, uint256 amount) private {
        uint256 free = deposits[token][account];
        require(free >= amount, DepositTooSmall(free, amount));

        deposits[token][account] = free - amount;

        emit Withdrawn(token, account, amount);

        IERC20(token).safeTransfer(account, amount);
    }

    /// @dev Callers hold the reentrancy guard, so no other transfer of ours can fall between the two readings.
    function _receive(address token, address from, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        require(received == amount, ReceiptMismatch(amount, received));
    }

    function _after(uint32 window) private view returns (uint40) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(block.timestamp) + window;
    }
}
