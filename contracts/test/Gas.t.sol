// SPDX-License-Identifier: MIT
// What calls cost as transactions of their own, calldata included, into contracts/snapshots, and the most they may.
pragma solidity 0.8.37;

import {Claim, Input, Record, Summed, Tally, Twice, Word} from "../IMarket.sol";
import {Cast} from "./Fixture.sol";
import {ProofFixture} from "./ProofFixture.sol";

contract GasTest is ProofFixture {
    uint256 private constant NO_BOUND = 1e9;

    /// forge-config: default.isolate = true
    function test_aTaskOf16And5Over10Rounds() public {
        measure("16+5x10", 16, 10, 450_000, 350_000);
    }

    /// forge-config: default.isolate = true
    function test_aTaskOf64And5Over50Rounds() public {
        measure("64+5x50", 64, 50, NO_BOUND, 1_700_000);
    }

    /// forge-config: default.isolate = true
    function test_wrongSumOf8Inputs() public {
        measureWrongSum("wrong sum, 8 inputs", 8, 350_000);
    }

    /// forge-config: default.isolate = true
    function test_wrongSumOf64Inputs() public {
        measureWrongSum("wrong sum, 64 inputs", 64, NO_BOUND);
    }

    /// forge-config: default.isolate = true
    function test_forgedInput() public {
        Cast memory cast = ready(8);
        Record memory record = recordFor(cast, 1);
        (Summed memory summed,) = wordRound(cast, record, 5, 0);
        Input[] memory inputs = summed.inputs;
        (inputs[3].signature, inputs[4].signature) = (inputs[4].signature, inputs[3].signature);
        summed = show(record, 0, inputs, summed.sumRoot);
        commit(cast, commitmentFor(cast, record, 15));
        chargeForgedInput(cast, loggedFor(record, 15), summed, 3);
        vm.snapshotGasLastCall("proofs", "forged input");
    }

    /// forge-config: default.isolate = true
    function test_twoStatements() public {
        Cast memory cast = ready(8);
        commit(cast, 1);
        Twice memory statements = twoRecords(cast, 2, 1, keccak256("one"), keccak256("other"));
        chargeTwoRecords(cast, statements);
        vm.snapshotGasLastCall("proofs", "two records");
        statements = twoOpenings(cast, 2);
        chargeTwoOpenings(cast, statements);
        vm.snapshotGasLastCall("proofs", "two openings");
    }

    function ready(uint256 datas) private returns (Cast memory cast) {
        cast = castFor(datas, 5);
        cast.terms.computePool = 1e18;
        sign(cast);
        create(cast.terms);
        depositBonds(cast);
        start(cast);
    }

    function measureWrongSum(string memory name, uint256 datas, uint256 most) private {
        Cast memory cast = ready(datas);
        Record memory record = recordFor(cast, 1);
        (Summed memory summed, Word memory word) = wordRound(cast, record, 5000, 1);
        commit(cast, commitmentFor(cast, record, 15));
        chargeWrongSum(cast, loggedFor(record, 15), summed, word);
        assertLe(vm.snapshotGasLastCall("proofs", name), most, name);
    }

    function measure(string memory name, uint256 datas, uint256 rounds, uint256 mostStart, uint256 mostSettle)
        private
    {
        Cast memory cast = castFor(datas, 5);
        cast.terms.computePool = 1e18;
        sign(cast);
        create(cast.terms);
        assertLe(vm.snapshotGasLastCall(name, "create"), 110_000, "create");
        depositBonds(cast);
        start(cast);
        assertLe(vm.snapshotGasLastCall(name, "start"), mostStart, "start");
        Tally[] memory tallies = new Tally[](rounds);
        for (uint256 i = 0; i < rounds; ++i) {
            Record memory record = recordFor(cast, uint8(i + 1));
            record.aggregator = uint8(i % 4);
            record.jobs = lanes(1, 0, 1, 0);
            tallies[i] = commit(cast, commitmentFor(cast, record, 15));
        }
        assertLe(vm.snapshotGasLastCall(name, "commitRound, 4 signatures of 5"), 120_000, "commitRound");
        settle(cast, tallies);
        assertLe(vm.snapshotGasLastCall(name, "settle"), mostSettle, "settle");
        openClaims(cast);
        Claim[] memory owed = claimsOf(cast, tallies, 0, false);
        claimOne(cast.terms, owed[0]);
        vm.snapshotGasLastCall(name, "claim, one");
        Claim[] memory batch = new Claim[](10);
        for (uint256 i = 0; i < 10; ++i) {
            batch[i] = owed[i + 1];
        }
        market.claim(cast.terms, batch);
        assertLe(vm.snapshotGasLastCall(name, "claim, ten"), 450_000, "claim, ten");
    }
}
