// SPDX-License-Identifier: MIT
// What the market promises: every shape, call, event and refusal. The contract that keeps the promises is Market.sol.
pragma solidity 0.8.37;

/// @notice How an epoch's utilities become weights of its cohorts. `Equal`: one each, utilities are not asked for.
/// `Proportional`: the utility, or zero below it. `Rank`: twice the place, counted from the worst as one; ties share
/// the mean of their places. Without utilities every cohort weighs one.
enum Plan {
    Equal,
    Proportional,
    Rank
}

enum State {
    None,
    Open,
    Running,
    Settled,
    Cancelled,
    Faulted
}

/// @notice What a key may state once per task and round; two different digests prove that it lied.
enum Kind {
    Opening,
    Record,
    Update
}

/// @notice What the model provider binds itself to. Hashed into the task's id and passed back with every call.
struct Terms {
    address modelProvider;
    /// Signs openings of rounds.
    address opener;
    address token;
    Plan plan;
    /// Must be zero: scores are the model provider's word.
    address referee;
    /// Token base units, as all pools and bonds.
    uint128 dataPool;
    uint128 computePool;
    /// Joins the data pool, which is shared by all data providers, when the model provider vanishes or signs two
    /// openings of one round.
    uint128 bond;
    /// Locked out of each compute provider's deposit.
    uint128 computeBond;
    uint128 disputeBond;
    /// Digest of the task spec.
    bytes32 specHash;
    bytes32 schemaId;
    bytes32 salt;
    /// 32-byte words of one encrypted update, four coefficients each.
    uint32 words;
    /// Samples beyond this many earn nothing more.
    uint32 sampleCap;
    /// Compute units paid for signing one round.
    uint32 unitsPerSignature;
    uint8 roundsPerEpoch;
    /// Merkle root over the accounts that may provide data (leaves are keccak(keccak(account)), pairs are hashed in
    /// ascending order); zero for everyone.
    bytes32 invited;
    /// Seconds without a committed round after which anyone may end the task.
    uint32 idleWindow;
    /// Seconds from settlement to claims.
    uint32 challengeWindow;
    /// Unix seconds, the last at which the task can start.
    uint40 startBy;
    /// Basis points.
    uint16 minQuality;
    uint8 minDatas;
    uint8 maxDatas;
    uint8 minComputes;
    uint8 maxComputes;
    /// Signatures a round needs.
    uint8 threshold;
    /// Fewest survivors with which a cohort is opened.
    uint8 minCohort;
    uint8 maxCohorts;
    /// Highest round number.
    uint8 maxRounds;
    /// Rounds after which the whole data pool is earned.
    uint8 paidRounds;
    /// Most kilounits of job work paid in the whole task.
    uint32 jobKilounits;
}

/// @notice A data provider as it accepted. Its seat is its place in the list, which ascends by account.
struct DataParty {
    address account;
    /// Receives the payout.
    address payee;
    /// secp256k1 key that signs envelopes and update roots.
    address device;
    /// X25519 key to which models are encrypted.
    bytes32 box;
    /// Token base units earned by `paidRounds` deliveries whatever the weights.
    uint128 floor;
    uint32 samples;
    /// Basis points.
    uint16 quality;
    /// Seat of the compute provider it nominated.
    uint8 compute;
    /// Digest of the data set's manifest.
    bytes32 dataSignature;
}

/// @notice A compute provider as it accepted. Its seat is its place in the list, which ascends by account.
struct ComputeParty {
    address account;
    address payee;
    /// secp256k1 key that signs envelopes and round records.
    address device;
    bytes32 box;
    /// Token base units per million compute units.
    uint128 price;
}

/// @notice Everyone in a started task.
struct Parties {
    ComputeParty[] computes;
    DataParty[] datas;
}

/// @notice Signatures by the parties, in their order.
struct Acceptances {
    /// Empty for a seat known to be absent.
    bytes[] computes;
    bytes[] datas;
    /// Per data provider its path under `invited`; no list at all where everyone is invited.
    bytes32[][] invitations;
}

/// @notice One round as the committee signs it. Bitmaps have the bit of a data provider's seat.
struct Record {
    uint8 round;
    /// Unix seconds, the last at which the round can be committed; signed by the opener.
    uint40 closes;
    /// Digest of the opening's body; signed by the opener.
    bytes32 opened;
    bytes32 cohortsDigest;
    /// Seat of the compute provider that added.
    uint8 aggregator;
    /// Who is paid for the round.
    uint256 delivered;
    /// Whose updates are in the sums; inside `delivered`.
    uint256 survivors;
    /// One bitmap per cohort, disjoint.
    uint256[] cohorts;
    /// Sixteen lanes of 16 bits, the lowest first: kilounits of job work of the compute seat of that number.
    uint256 jobs;
    /// Digest over encryption parameters and the roots of inputs and sums.
    bytes32 sums;
}

/// @notice A record with what makes it count.
struct Commitment {
    Record record;
    /// By `opener` over Once(task, Opening, round, keccak(opened, closes)).
    bytes openerSignature;
    /// Bitmap of the compute seats that signed.
    uint16 signers;
    /// By their device keys over Once(task, Record, round, record hash): 65 bytes each, by seat.
    bytes signatures;
}

/// @notice What settlement needs of a committed round; hashed with its signers it gives the log again.
struct Tally {
    uint8 round;
    uint8 aggregator;
    uint16 signers;
    uint256 delivered;
    uint256 survivors;
    uint256[] cohorts;
    uint256 jobs;
    /// keccak of closing time, opening, cohorts digest and sums.
    bytes32 evidence;
}

/// @notice What evidence shows. It is the ABI encoding of the structs named here.
enum Charge {
    /// (Logged, Summed, Word): a word of a committed sum is not the sum of its inputs modulo q. Slashes the signers of
    /// the round.
    WrongSum,
    /// (Logged, Summed, DataParty[], uint256): the committed input with this index was not signed by its provider's
    /// device, or inputs are not as many as survivors. Slashes the signers of the round.
    ForgedInput,
    /// (Twice): one member signed two records of one round. Slashes it.
    TwoRecords,
    /// (Twice): the opener signed two openings of one round. Faults a task that has a round.
    TwoOpenings
}

/// @notice A committed round and its place in the task's log.
struct Logged {
    Record record;
    uint16 signers;
    /// The log before this round.
    bytes32 before;
    /// The rounds committed after it.
    Entry[] later;
}

struct Entry {
    bytes32 recordHash;
    uint16 signers;
}

/// @notice What a record's `sums` is the digest of, with one cohort shown.
struct Summed {
    /// Ciphertext modulus, plaintext modulus, ring degree and ciphertexts of one update.
    uint64 q;
    uint64 t;
    uint32 n;
    uint32 ciphertexts;
    /// keccak of the inputs and the root of the sum, by cohort.
    bytes32[] cohorts;
    /// The cohort that is shown.
    uint256 cohort;
    /// By seat, one for each of the cohort's survivors.
    Input[] inputs;
    /// Merkle root over the words of the sum.
    bytes32 sumRoot;
}

struct Input {
    /// Merkle root over the words of an encrypted update.
    bytes32 root;
    /// By its provider's device key over Once(task, Update, round, keccak256(abi.encode(opened, cohortsDigest,
    /// root))): 65 bytes. What was made for another opening or other cohorts is forged here.
    bytes signature;
}

/// @notice One word of a sum and of everything that was added to it. A word is four coefficients, each as 8 big-endian
/// bytes; its index is ciphertext · 2048 + polynomial · 1024 + ⌊coefficient ÷ 4⌋. A leaf is the keccak of its word, a
/// node the keccak of its left and right child, padding up to a power of two the zero word.
struct Word {
    uint256 index;
    bytes32 sum;
    bytes32[] sumProof;
    bytes32[] inputs;
    bytes32[][] inputProofs;
}

/// @notice Two statements by one key about one round.
struct Twice {
    uint8 round;
    /// Compute seat that signed two records; zero for openings.
    uint8 seat;
    bytes32 first;
    bytes firstSignature;
    bytes32 second;
    bytes secondSignature;
}

/// @notice One leaf of the payouts. Seats: data providers, then compute providers, then the model provider.
struct Claim {
    uint8 index;
    address payee;
    /// Token base units.
    uint256 amount;
    bytes32[] proof;
}

/// @notice One slot. `deadline`: last second to start (Open), to commit (Running), to challenge (Settled).
struct Status {
    State state;
    uint40 deadline;
    /// Rounds committed.
    uint8 rounds;
    uint8 lastRound;
    /// Data providers.
    uint8 datas;
    /// Compute providers, absent ones included.
    uint8 computes;
    /// Bitmap of the compute seats that do not count.
    uint16 absent;
    /// Bitmap of the compute seats whose leaves belong to the model provider: proven to have signed what is false.
    uint16 slashed;
    /// The model provider was proven to have signed two openings of one round.
    bool guilty;
}

/// @notice All a task stores: five slots, none per participant.
struct Task {
    Status status;
    /// keccak(keccak(computes), keccak(datas)).
    bytes32 parties;
    /// Chain over committed records and their signers.
    bytes32 log;
    /// Merkle root of the payouts.
    bytes32 root;
    /// Bitmap of claimed leaves.
    uint256 claimed;
}

/// @title Escrow, start, rounds, settlement and claims of federated tasks
/// @notice No owner, no upgrade, no registry. The life of a task:
///
/// | from             | to        | by                                                            |
/// |------------------|-----------|---------------------------------------------------------------|
/// | none             | Open      | `create` by the model provider, which pays everything in      |
/// | Open             | Cancelled | `cancel` by the model provider, or by anyone after `startBy`  |
/// | Open             | Running   | `start` by the model provider with everyone's signatures      |
/// | Running, round 0 | Cancelled | `expire` by anyone after the deadline                         |
/// | Running          | Running   | `commitRound` by anyone holding the signatures                |
/// | Running, round 1+| Settled   | `settle` by the model provider                                |
/// | Running, round 1+| Settled   | `settle` by anyone after the deadline: the provider vanished  |
/// | Running, round 1+| Faulted   | `prove` by anyone: two openings of one round                  |
/// | Settled          | Faulted   | the same, until claims open                                   |
/// | Faulted          | Settled   | `settle` by anyone: equal weights, the bond joins the pool    |
///
/// Refunds of Cancelled tasks become free deposits. Leaves of Settled tasks are claimed by anyone, to the payee, after
/// the challenge window; those of slashed seats go to the model provider, so a proof moves no other leaf. Every wait has
/// a deadline after which a stranger can act.
interface IMarket {
    event TaskCreated(bytes32 indexed task, address indexed modelProvider, Terms terms);
    event TaskStarted(
        bytes32 indexed task, ComputeParty[] computes, DataParty[] datas, uint16 absent, uint40 deadline
    );
    event RoundCommitted(
        bytes32 indexed task, uint8 indexed round, Record record, uint16 signers, uint40 deadline
    );
    /// @param punished The model provider vanished or was guilty: its bond is in the data pool.
    event TaskSettled(
        bytes32 indexed task, bytes32 root, bool punished, uint40 deadline, int32[][] utilities
    );
    event TaskFaulted(bytes32 indexed task, uint8 round);
    /// @param seats Bitmap of the seats that this proof added.
    event Slashed(bytes32 indexed task, uint8 indexed round, uint16 seats);
    event TaskCancelled(bytes32 indexed task);
    event Claimed(bytes32 indexed task, uint8 indexed index, address indexed payee, uint256 amount);
    event Deposited(address indexed token, address indexed account, uint256 amount);
    event Withdrawn(address indexed token, address indexed account, uint256 amount);

    error WindowBelowDay(uint32 window);
    error NotModelProvider(address caller, address modelProvider);
    error WrongState(bytes32 task, State state);
    error TooLate(uint256 now_, uint256 deadline);
    error TooEarly(uint256 now_, uint256 deadline);
    error ReceiptMismatch(uint256 expected, uint256 received);
    error DepositTooSmall(uint256 deposit, uint256 amount);
    error PermitIgnored(address token);

    error RefereeUnsupported(address referee);
    error TooManyProviders(uint256 datas, uint256 computes);
    error DataBoundsInvalid(uint8 minDatas, uint8 maxDatas, uint8 minCohort);
    error CohortBoundsInvalid(uint8 minCohort, uint8 maxCohorts);
    error ComputeBoundsInvalid(uint8 minComputes, uint8 maxComputes, uint8 threshold);
    error ThresholdTooLow(uint8 threshold, uint8 maxComputes);
    error RoundsInvalid(uint8 paidRounds, uint8 maxRounds);
    error EpochTooShort(uint8 roundsPerEpoch);
    error MeterInvalid(uint32 words, uint32 sampleCap);
    error QualityInvalid(uint16 quality);
    error WindowInvalid(uint32 window, uint32 shortest, uint32 longest);
    /// @param words 32-byte words that its settlement could need; deliveries: rounds times data providers.
    error TaskTooLarge(uint256 words, uint256 deliveries);
    error BondTooSmall(uint128 bond, uint128 disputeBond);

    error DataCountInvalid(uint256 datas, uint8 least, uint8 most);
    error ComputeCountInvalid(uint256 computes, uint8 least, uint8 most);
    error SignatureCountInvalid(uint256 signatures, uint256 parties);
    error NotAscending(address account);
    error AcceptanceInvalid(address account);
    error PayeeMissing(address account);
    error QualityTooLow(address account, uint16 quality, uint16 least);
    error NoSamples(address account);
    error SeatMissing(address account, uint8 compute);
    error NotInvited(address account);
    error InvitationCountInvalid(uint256 invitations, uint256 expected);
    error FloorsExceedPool(uint256 floors, uint128 pool);
    error ComputeExceedsPool(uint256 worst, uint128 pool);
    error TooFewPresent(uint256 present, uint8 threshold);

    error PartiesMismatch(bytes32 task);
    error RoundsCommitted(bytes32 task, uint8 rounds);
    error NoRounds(bytes32 task);
    error RoundOutOfOrder(uint8 round, uint8 last, uint8 most);
    error OpeningInvalid(uint8 round);
    error CohortCountInvalid(uint256 cohorts, uint8 most);
    error CohortsOverlap(uint256 cohort);
    error CohortSizeInvalid(uint256 cohort, uint256 survivors, uint256 least, uint256 most);
    error SeatOutOfRange(uint256 cohorts, uint8 datas);
    error DeliveredOutsideCohorts(uint256 delivered, uint256 cohorts);
    error SurvivorNotDelivered(uint256 survivors, uint256 delivered);
    error NoSurvivors(uint8 round);
    error AggregatorMissing(uint8 aggregator, uint16 signers);
    /// @param excluded Seats that are absent or slashed.
    error SignerExcluded(uint16 signers, uint16 excluded);
    error TooFewSigners(uint256 signers, uint8 threshold);
    error RecordSignatureInvalid(uint256 seat);

    error LogMismatch(bytes32 task);
    error UtilityCountInvalid(uint256 utilities, uint256 expected);
    error UtilityOfAbsentCohort(uint256 epoch, uint256 cohort);
    error SumsMismatch(bytes32 sums);
    error CohortMissing(uint256 cohort, uint256 cohorts);
    error WordOutOfRange(uint256 index, uint32 words);
    error WordCountInvalid(uint256 words, uint256 inputs);
    error WordProofInvalid(uint256 input);
    error SumRight(uint256 index);
    error InputGenuine(uint256 input);
    error DatasMismatch(bytes32 datas);
    error InputMissing(uint256 input, uint256 inputs);
    error StatementsEqual(bytes32 statement);
    error NotProvable(bytes32 task, State state, uint256 deadline);
    error SignerMissing(uint8 seat, uint256 computes);
    error StatementInvalid(bytes32 statement);
    error AlreadyProven(bytes32 task);
    error WithdrawalInvalid(address account);
    error AlreadyClaimed(bytes32 task, uint8 index);
    error ProofInvalid(bytes32 task, uint8 index);

    /// @notice The shortest idle and challenge window that terms may have: a day, less on local chains only.
    // forge-lint: disable-next-line(mixed-case-function)
    function SHORTEST_WINDOW() external view returns (uint32);

    /// @notice keccak of this market and the terms. No chain id, so that a fork strands no funds.
    function taskId(Terms calldata terms) external view returns (bytes32);

    function task(bytes32 id) external view returns (Task memory);

    /// @notice Free balance of `account`: not locked by any task.
    function deposits(address token, address account) external view returns (uint256);

    /// @notice How many withdrawals of `account` were made by signature.
    function nonces(address account) external view returns (uint256);

    /// @notice Adds to the caller's free balance. Tokens that deliver less than was sent are refused.
    function deposit(address token, uint256 amount) external;

    /// @notice As `deposit`, out of `account`'s balance by its permit (ERC-2612), so that another pays the gas.
    /// @dev A permit that fails is not forgiven even if the allowance suffices: a stranger could otherwise turn an
    /// allowance meant for `create` into a deposit. One who spends a permit first costs the sponsor a retry.
    function depositFor(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Pays out of the caller's free balance to the caller.
    function withdraw(address token, uint256 amount) external;

    /// @notice As `withdraw`, for an account that signed Withdrawal(token, account, amount, nonce, deadline), so that
    /// another pays the gas. The tokens go to the account.
    /// @dev The nonce is `nonces(account)`: a signature is good once.
    function withdrawFor(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Opens a task and takes both pools and the bond from the caller, who must be the model provider.
    function create(Terms calldata terms) external returns (bytes32 id);

    /// @notice Starts a task with acceptances signed for it. Lists ascend by account. A compute seat that nobody
    /// nominated, whose deposit is short or whose signature does not hold is absent (an empty signature marks one
    /// that is known to be); a data provider that does not qualify fails the call. Locks the bonds.
    function start(Terms calldata terms, Parties calldata parties, Acceptances calldata acceptances) external;

    /// @notice Ends a task that did not start; everything becomes the model provider's free balance.
    function cancel(Terms calldata terms) external;

    /// @notice Ends a started task in which no round was committed in time; pools and bonds become free balances.
    /// @param datas keccak of the encoded data parties.
    function expire(Terms calldata terms, ComputeParty[] calldata computes, bytes32 datas) external;

    /// @notice Commits one round, which makes it count and extends the deadline. Anyone may, with the signatures of
    /// `threshold` members that are neither absent nor slashed. Never replaced.
    /// @param datas keccak of the encoded data parties.
    function commitRound(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        bytes32 datas,
        Commitment calldata commitment
    ) external;

    /// @notice Replays the committed rounds, computes every payout and keeps their root. R rounds, of which provider
    /// i delivered dᵢ, p paid rounds, P the data pool less all floors (plus the bond of a model provider that vanished
    /// or is guilty): data floorᵢ·min(dᵢ,p)/p + P·min(R,p)·Wᵢ/(p·ΣW), Wᵢ = min(samplesᵢ, sampleCap)·Σ weight(epoch,
    /// cohort) over i's delivered rounds, all weights one if ΣW = 0; compute price·units/1e6 and its bond, units =
    /// 4·words·survivors to the aggregator, `unitsPerSignature` to every signer and 1000 for each kilounit in its lanes
    /// of `jobs`; each rounded down. The model provider's leaf is what remains.
    /// @dev Lanes are paid in the order of rounds, then of seats, until `jobKilounits` are used up; what exceeds them is
    /// not paid, nor is a lane without a present seat, and neither uses them up. No lanes make a round fail: members
    /// sign what they mean, and escrow holds `jobKilounits` at the highest price of all.
    /// @param utilities By epoch of rounds up to the last committed, then by cohort, `maxCohorts` each; zero for a
    /// cohort that was not opened in that epoch. Empty for the plan `Equal`, for a Faulted task and for a stranger.
    function settle(
        Terms calldata terms,
        Parties calldata parties,
        Tally[] calldata rounds,
        int32[][] calldata utilities
    ) external;

    /// @notice Pays leaves of a settled task, whoever calls: to their payees, or to the model provider where the seat
    /// was slashed.
    function claim(Terms calldata terms, Claim[] calldata claims) external;

    /// @notice Proves a charge from the first committed round until claims open, whoever calls. Slashed seats lose their bonds
    /// and pay to the model provider; a faulted model provider loses its bond to the data providers. Rounds stay paid,
    /// and the caller earns nothing.
    /// @param datas keccak of the encoded data parties.
    function prove(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        bytes32 datas,
        Charge charge,
        bytes calldata evidence
    ) external;
}
