// SPDX-License-Identifier: MIT
// TypeScript and Solidity agree to the byte (C17): test/vectors/market.json is made by protocol/ alone, and the market
// is played through by its calldata and signatures.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {Digests} from "../Digests.sol";
import {ComputeParty, DataParty, Input, Kind, Parties, Record, State, Tally, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {TestToken} from "../TestToken.sol";
import {Recomputation} from "./Recomputation.sol";

/// @notice Gives the library its calldata.
contract Hasher {
    function dataAcceptance(bytes32 task, bytes32 committeeHash, DataParty calldata party)
        external
        pure
        returns (bytes32)
    {
        return Digests.dataAcceptance(task, committeeHash, party);
    }

    function computeAcceptance(bytes32 task, ComputeParty calldata party) external pure returns (bytes32) {
        return Digests.computeAcceptance(task, party);
    }

    function committee(ComputeParty[] calldata computes) external pure returns (bytes32) {
        return Digests.committee(computes);
    }

    function parties(ComputeParty[] calldata computes, DataParty[] calldata datas)
        external
        pure
        returns (bytes32)
    {
        return Digests.parties(computes, Digests.datas(datas));
    }

    function record(Record calldata signed) external pure returns (bytes32) {
        return Digests.record(signed);
    }

    function record(Tally calldata tally) external pure returns (bytes32) {
        return Digests.record(tally);
    }

    function cohort(Input[] calldata inputs, bytes32 sumRoot) external pure returns (bytes32) {
        return Digests.cohort(inputs, sumRoot);
    }
}

contract VectorsTest is Test {
    string private json;
    Market private market;
    TestToken private token;
    Hasher private hasher = new Hasher();
    Recomputation private recomputation = new Recomputation();

    function setUp() public {
        json = vm.readFile("test/vectors/market.json");
        vm.chainId(number(".chainId"));
        market = Market(vm.parseJsonAddress(json, ".market"));
        token = TestToken(vm.parseJsonAddress(json, ".token"));
        deployCodeTo("Market.sol:Market", abi.encode(uint32(1)), address(market));
        deployCodeTo("TestToken.sol:TestToken", "", address(token));
    }

    function test_taskIdCommitteeAndPartiesAgree() public view {
        Terms memory terms = abi.decode(blob(".terms"), (Terms));
        ComputeParty[] memory computes = abi.decode(blob(".computes"), (ComputeParty[]));
        DataParty[] memory datas = abi.decode(blob(".datas"), (DataParty[]));
        assertEq(market.taskId(terms), word(".task"));
        assertEq(hasher.committee(computes), word(".committee"));
        assertEq(hasher.parties(computes, datas), word(".parties"));
    }

    function test_everyDigestAgrees() public view {
        bytes32 task = word(".task");
        bytes32 statement = keccak256("statement");
        ComputeParty memory compute = abi.decode(blob(".computes"), (ComputeParty[]))[0];
        DataParty memory data = abi.decode(blob(".datas"), (DataParty[]))[0];
        assertDigest("dataAcceptance", hasher.dataAcceptance(task, word(".committee"), data));
        assertDigest("computeAcceptance", hasher.computeAcceptance(task, compute));
        assertDigest("onceOpening", Digests.once(task, Kind.Opening, 1, statement));
        assertDigest("onceRecord", Digests.once(task, Kind.Record, 2, statement));
        bytes32 update = Digests.update(keccak256("opened"), keccak256("cohorts"), keccak256("root"));
        assertDigest("onceUpdate", Digests.once(task, Kind.Update, 255, update));
        assertDigest("withdrawal", Digests.withdrawal(address(token), compute.account, 55, 3, 1_800_000_000));
        bytes memory offer = abi.encode(
            keccak256(
                "DataOffer(address account,bytes32 schemaId,uint16 quality,uint32 samples,bytes32 dataSignature,address token,uint128 floor,address device,bytes32 box,uint40 expires)"
            ),
            data.account,
            keccak256("schema"),
            9999,
            12_345,
            keccak256("manifest")
        );
        assertDigest(
            "dataOffer",
            keccak256(bytes.concat(offer, abi.encode(token, 77, data.device, data.box, 1_800_000_000)))
        );
        offer = abi.encode(
            keccak256(
                "ComputeOffer(address account,string adapter,uint32 training,uint32 matmul,uint32 additions,uint24 hours,address token,uint128 price,address device,bytes32 box,uint40 expires)"
            ),
            compute.account,
            keccak256("Example GPU, 4 GiB"),
            4321,
            8765,
            210_987,
            0xfc00ff
        );
        assertDigest(
            "computeOffer",
            keccak256(
                bytes.concat(offer, abi.encode(token, 1009, compute.device, compute.box, 1_800_000_000))
            )
        );
    }

    function test_everyInvitationLeadsToTheRoot() public view {
        address[] memory accounts = vm.parseJsonAddressArray(json, ".invitations.accounts");
        for (uint256 i = 0; i < accounts.length; ++i) {
            bytes memory proof = blob(string.concat(".invitations.proofs[", vm.toString(i), "]"));
            bytes32 leaf = Digests.invited(accounts[i]);
            assertTrue(MerkleProof.verify(abi.decode(proof, (bytes32[])), word(".invitations.root"), leaf));
        }
        assertEq(word(".invitations.single"), Digests.invited(accounts[0]));
    }

    function test_aWholeTaskIsPlayedThroughByTypeScriptsBytes() public {
        bytes32 task = word(".task");
        uint256 steps = count(".flow.steps");
        for (uint256 i = 0; i < steps; ++i) {
            string memory path = item(".flow.steps", i);
            vm.warp(number(string.concat(path, ".time")));
            vm.prank(vm.parseJsonAddress(json, string.concat(path, ".sender")));
            (bool done, bytes memory answer) =
                vm.parseJsonAddress(json, string.concat(path, ".to")).call(blob(string.concat(path, ".data")));
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
        assertEq(uint8(market.task(task).status.state), uint8(State.Settled));
        assertEq(market.task(task).status.absent, number(".flow.absent"));
        assertEq(market.task(task).status.slashed, number(".flow.slashed"));
        assertEq(market.task(task).parties, word(".parties"));
        assertEq(market.task(task).log, word(".flow.log"));
        assertEq(market.task(task).root, word(".flow.root"));
        address[] memory payees = vm.parseJsonAddressArray(json, ".flow.payees");
        uint256[] memory amounts = vm.parseJsonUintArray(json, ".flow.amounts");
        for (uint256 i = 0; i < payees.length; ++i) {
            assertEq(token.balanceOf(payees[i]), amounts[i]);
        }
        address idle = vm.parseJsonAddress(json, ".flow.withdrawn.account");
        uint256 withdrawn = number(".flow.withdrawn.amount");
        assertEq(token.balanceOf(idle), withdrawn);
        assertEq(market.nonces(idle), 1);
        uint256 left = abi.decode(blob(".terms"), (Terms)).computeBond - withdrawn;
        assertEq(token.balanceOf(address(market)), left, "the rest of the absent seat's free deposit");
    }

    function test_recordTallySumsAndCohortsAgree() public view {
        bytes32[] memory cohorts = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = item(".record.cohorts", i);
            Input[] memory inputs = abi.decode(blob(string.concat(path, ".inputs")), (Input[]));
            cohorts[i] = hasher.cohort(inputs, word(string.concat(path, ".sumRoot")));
            assertEq(cohorts[i], word(string.concat(path, ".hash")));
        }
        uint64 q = 1_152_921_504_606_830_593;
        bytes32 sums = keccak256(abi.encode(q, uint64(1 << 44), uint32(4096), uint32(8), cohorts));
        assertEq(sums, word(".record.sums"));
        Record memory record = abi.decode(blob(".record.encoded"), (Record));
        assertEq(record.sums, sums);
        assertEq(hasher.record(record), word(".record.hash"));
        Tally memory tally = abi.decode(blob(".record.tally"), (Tally));
        assertEq(hasher.record(tally), word(".record.hash"));
        assertEq(Digests.log(keccak256("before"), word(".record.hash"), tally.signers), word(".record.log"));
    }

    function test_C17_settlementsOfEveryKindAgree() public view {
        uint256 settlements = count(".settlements");
        assertGt(settlements, 0);
        for (uint256 i = 0; i < settlements; ++i) {
            recomputation.check(json, item(".settlements", i), address(market));
        }
    }

    function count(string memory list) private view returns (uint256 items) {
        while (vm.keyExistsJson(json, item(list, items))) ++items;
    }

    function item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }

    function assertDigest(string memory name, bytes32 structHash) private view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Galaxy"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        assertEq(digest, word(string.concat(".digests.", name)), name);
    }

    function number(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(json, path);
    }

    function word(string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, path);
    }

    function blob(string memory path) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, path);
    }
}
