// SPDX-License-Identifier: MIT
// Inputs that nobody gave: ProveForgedInput.tree.
pragma solidity 0.8.37;

import {Charge, IMarket, Input, Kind, Logged, Record, Summed, Word} from "../IMarket.sol";
import {Cast} from "./Fixture.sol";
import {ProofFixture} from "./ProofFixture.sol";

contract ProveForgedInputTest is ProofFixture {
    uint16 private constant SIGNERS = 15;
    bytes private begun;

    function setUp() public override {
        super.setUp();
        begun = abi.encode(running(8, 4));
    }

    function test_slashesTheSignersGivenAnInputItsProviderDidNotSign() public {
        Cast memory cast = abi.decode(begun, (Cast));
        Record memory record = recordFor(cast, 1);
        record.survivors = 0xb6;
        Input[] memory good = inputs(cast, record);
        uint256 key = sortedKeys(DATA_KEYS, 8)[5] + DEVICE;
        bytes32 id = idOf(cast.terms);
        bytes32 update = updateOf(record, good[3].root);
        bytes32 otherOpening = keccak256(abi.encode(keccak256("x"), record.cohortsDigest, good[3].root));
        bytes32 otherCohorts = keccak256(abi.encode(record.opened, keccak256("x"), good[3].root));
        bytes[] memory forged = new bytes[](9);
        forged[0] = "";
        forged[1] = good[2].signature;
        forged[2] = signed(key, onceDigest(id, Kind.Update, 2, update));
        forged[3] = signed(key, onceDigest(id, Kind.Update, 1, updateOf(record, good[2].root)));
        forged[4] = signed(key, onceDigest(id, Kind.Record, 1, update));
        forged[5] = highS(good[3].signature);
        forged[6] = signed(key, onceDigest(id, Kind.Update, 1, otherOpening));
        forged[7] = signed(key, onceDigest(id, Kind.Update, 1, otherCohorts));
        forged[8] = signed(key, onceDigest(id, Kind.Update, 1, good[3].root));
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i < forged.length; ++i) {
            good[3].signature = forged[i];
            Summed memory summed = show(record, 0, good, keccak256("sum"));
            commit(cast, commitmentFor(cast, record, SIGNERS));
            vm.expectEmit(address(market));
            emit IMarket.Slashed(idOf(cast.terms), 1, SIGNERS);
            chargeForgedInput(cast, loggedFor(record, SIGNERS), summed, 3);
            vm.revertToState(before);
        }
    }

    function test_slashesTheSignersGivenInputsThatAreNotTheSurvivors() public {
        Cast memory cast = abi.decode(begun, (Cast));
        Record memory record = recordFor(cast, 1);
        record.survivors = 0xb6;
        Input[] memory good = inputs(cast, record);
        uint256 before = vm.snapshotState();
        for (uint256 count = 4; count < 7; count += 2) {
            Input[] memory some = new Input[](count);
            for (uint256 i = 0; i < count; ++i) {
                some[i] = good[i % 5];
            }
            convicts(cast, record, show(record, 0, some, keccak256("sum")));
            vm.revertToState(before);
        }
        Summed memory summed = show(record, 0, good, keccak256("sum"));
        summed.cohorts = new bytes32[](2);
        record.sums = sumsOf(summed);
        convicts(cast, record, summed);
    }

    function testFuzz_C10_whoAddsWhatWasSignedIsNeverSlashed(uint8 bits, uint8 other) public {
        Cast memory cast = abi.decode(begun, (Cast));
        Record memory record = recordFor(cast, 1);
        record.cohorts = new uint256[](2);
        record.cohorts[0] = 0x07 | (other & 0x55);
        record.cohorts[1] = ~record.cohorts[0] & 0xff;
        record.survivors = record.cohorts[0] & (uint256(bits) | 7);
        Input[] memory good = inputs(cast, record);
        Summed memory summed = show(record, 0, good, keccak256("sum"));
        // The cohort that was not opened: no inputs, and nothing that could be shown.
        summed.cohorts[1] = keccak256(abi.encode(new Input[](0), bytes32(0)));
        record.sums = sumsOf(summed);
        commit(cast, commitmentFor(cast, record, SIGNERS));
        uint256 any = other % good.length;
        refused(cast, record, summed, any, abi.encodeWithSelector(IMarket.InputGenuine.selector, any));
        summed.cohort = 1;
        summed.inputs = new Input[](0);
        summed.sumRoot = 0;
        refused(cast, record, summed, 0, abi.encodeWithSelector(IMarket.InputMissing.selector, 0, 0));
        Word memory word;
        word.sumProof = new bytes32[](13);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WordProofInvalid.selector, 0));
        chargeWrongSum(cast, loggedFor(record, SIGNERS), summed, word);
    }

    function test_revertsWhenTheDataPartiesAreNotThoseOfTheStart() public {
        Cast memory cast = abi.decode(begun, (Cast));
        Record memory record = recordFor(cast, 1);
        Summed memory summed = show(record, 0, inputs(cast, record), keccak256("sum"));
        commit(cast, commitmentFor(cast, record, SIGNERS));
        bytes32 datas = datasHash(cast);
        Cast memory other = castFor(8, 4);
        other.datas[0].device = STRANGER;
        bytes memory evidence = abi.encode(loggedFor(record, SIGNERS), summed, other.datas, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DatasMismatch.selector, datas));
        market.prove(cast.terms, cast.computes, datas, Charge.ForgedInput, evidence);
    }

    function test_revertsWhenThereIsNoSuchInputCohortOrRound() public {
        Cast memory cast = abi.decode(begun, (Cast));
        Record memory record = recordFor(cast, 1);
        Summed memory summed = show(record, 0, inputs(cast, record), keccak256("sum"));
        commit(cast, commitmentFor(cast, record, SIGNERS));
        refused(cast, record, summed, 8, abi.encodeWithSelector(IMarket.InputMissing.selector, 8, 8));
        summed.cohort = 1;
        refused(cast, record, summed, 0, abi.encodeWithSelector(IMarket.CohortMissing.selector, 1, 1));
        summed.cohort = 0;
        record.round = 2;
        bytes32 id = idOf(cast.terms);
        refused(cast, record, summed, 0, abi.encodeWithSelector(IMarket.LogMismatch.selector, id));
    }

    function inputs(Cast memory cast, Record memory record) private view returns (Input[] memory) {
        bytes32[] memory roots = new bytes32[](onesOf(record.cohorts[0] & record.survivors));
        for (uint256 i = 0; i < roots.length; ++i) {
            roots[i] = keccak256(abi.encode("update", record.round, i));
        }
        return inputsFor(cast, record, 0, roots);
    }

    function convicts(Cast memory cast, Record memory record, Summed memory summed) private {
        commit(cast, commitmentFor(cast, record, SIGNERS));
        chargeForgedInput(cast, loggedFor(record, SIGNERS), summed, 0);
        assertEq(statusOf(idOf(cast.terms)).slashed, SIGNERS);
    }

    function refused(
        Cast memory cast,
        Record memory record,
        Summed memory summed,
        uint256 input,
        bytes memory refusal
    ) private {
        Logged memory logged = loggedFor(record, SIGNERS);
        vm.expectRevert(refusal);
        chargeForgedInput(cast, logged, summed, input);
    }
}
