// SPDX-License-Identifier: MIT
// TypeScript and Solidity agree to the byte (C17): test/vectors/market.json is made by protocol/ alone, and the market
// is played through by its calldata and signatures.
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Digests} from "../Digests.sol";
import {ComputeParty, DataParty, Kind, Record, State, Tally, Terms} from "../IMarket.sol";
import {Market} from "../Market.sol";
import {Payouts, Work} from "../Payouts.sol";
import {TestToken} from "../TestToken.sol";

struct Input {
    address account;
    bytes32 ciphertextRoot;
    bytes signature;
}

/// @notice Gives the libraries their calldata.
contract Settler {
    function settle(
        Terms calldata terms,
        ComputeParty[] calldata computes,
        DataParty[] calldata datas,
        Tally[] calldata rounds,
        uint16 absent,
        bool vanished
    ) external pure returns (bytes32 log, bytes32 root) {
        Work memory work = Payouts.replay(terms, rounds);
        (work.absent, work.vanished) = (absent, vanished);
        root = Payouts.root(terms, computes, datas, work);
        uint256 present = computes.length;
        for (uint256 bits = absent; bits != 0; bits >>= 1) {
            present -= bits & 1;
        }
        // `spent` includes the last leaf, so all leaves add up to exactly what was funded (C2).
        require(work.spent == Payouts.funded(terms, present), "leaves");
        log = work.log;
    }

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

    function taskId(address market, Terms calldata terms) external pure returns (bytes32) {
        return Digests.taskId(market, terms);
    }
}

contract VectorsTest is Test {
    string private json;
    Market private market;
    TestToken private token;
    Settler private settler = new Settler();

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
        assertEq(settler.committee(computes), word(".committee"));
        assertEq(settler.parties(computes, datas), word(".parties"));
    }

    function test_everyDigestAgrees() public view {
        bytes32 task = word(".task");
        bytes32 statement = keccak256("statement");
        ComputeParty memory compute = abi.decode(blob(".computes"), (ComputeParty[]))[0];
        DataParty memory data = abi.decode(blob(".datas"), (DataParty[]))[0];
        assertDigest("dataAcceptance", settler.dataAcceptance(task, word(".committee"), data));
        assertDigest("computeAcceptance", settler.computeAcceptance(task, compute));
        assertDigest("onceOpening", Digests.once(task, Kind.Opening, 1, statement));
        assertDigest("onceRecord", Digests.once(task, Kind.Record, 2, statement));
        assertDigest("onceUpdate", Digests.once(task, Kind.Update, 255, statement));
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
                "ComputeOffer(address account,string adapter,uint32 benchmark,address token,uint128 price,address device,bytes32 box,uint40 expires)"
            ),
            compute.account,
            keccak256("Example GPU, 4 GiB"),
            4321
        );
        assertDigest(
            "computeOffer",
            keccak256(
                bytes.concat(offer, abi.encode(token, 1009, compute.device, compute.box, 1_800_000_000))
            )
        );
    }

    function test_aWholeTaskIsPlayedThroughByTypeScriptsBytes() public {
        bytes32 task = word(".task");
        uint256 steps = stepCount();
        for (uint256 i = 0; i < steps; ++i) {
            string memory path = string.concat(".flow.steps[", vm.toString(i), "]");
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
        assertEq(market.task(task).parties, word(".parties"));
        assertEq(market.task(task).log, word(".flow.log"));
        assertEq(market.task(task).root, word(".flow.root"));
        address[] memory payees = vm.parseJsonAddressArray(json, ".flow.payees");
        uint256[] memory amounts = vm.parseJsonUintArray(json, ".flow.amounts");
        for (uint256 i = 0; i < payees.length; ++i) {
            assertEq(token.balanceOf(payees[i]), amounts[i]);
        }
        Terms memory terms = abi.decode(blob(".terms"), (Terms));
        assertEq(token.balanceOf(address(market)), terms.computeBond, "the absent seat's free deposit");
    }

    function test_recordAndSumsAgree() public view {
        bytes32[] memory cohorts = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = string.concat(".record.cohorts[", vm.toString(i), "]");
            Input[] memory inputs = abi.decode(blob(string.concat(path, ".inputs")), (Input[]));
            cohorts[i] = keccak256(abi.encode(inputs, word(string.concat(path, ".sumRoot"))));
        }
        uint64 q = 1_152_921_504_606_830_593;
        bytes32 sums = keccak256(abi.encode(q, uint64(1 << 44), uint32(4096), uint32(8), cohorts));
        assertEq(sums, word(".record.sums"));
        Record memory record = abi.decode(blob(".record.encoded"), (Record));
        assertEq(record.sums, sums);
        assertEq(settler.record(record), word(".record.hash"));
    }

    function test_settlementsOfAnySizeAgree() public view {
        uint256 count = 7;
        for (uint256 i = 0; i < count; ++i) {
            string memory path = string.concat(".settlements[", vm.toString(i), "]");
            Terms memory terms = abi.decode(blob(string.concat(path, ".terms")), (Terms));
            ComputeParty[] memory computes =
                abi.decode(blob(string.concat(path, ".computes")), (ComputeParty[]));
            DataParty[] memory datas = abi.decode(blob(string.concat(path, ".datas")), (DataParty[]));
            assertEq(settler.taskId(address(market), terms), word(string.concat(path, ".task")));
            assertEq(settler.parties(computes, datas), word(string.concat(path, ".parties")));
            (bytes32 log, bytes32 root) = settler.settle(
                terms,
                computes,
                datas,
                abi.decode(blob(string.concat(path, ".rounds")), (Tally[])),
                uint16(number(string.concat(path, ".absent"))),
                vm.parseJsonBool(json, string.concat(path, ".vanished"))
            );
            assertEq(log, word(string.concat(path, ".log")), "log");
            assertEq(root, word(string.concat(path, ".root")), "root");
        }
    }

    function stepCount() private view returns (uint256 count) {
        while (vm.keyExistsJson(json, string.concat(".flow.steps[", vm.toString(count), "]"))) ++count;
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
