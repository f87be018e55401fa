// SPDX-License-Identifier: MIT
// Merkle trees over ciphertext words as providers build them: whole ones, and ones of which a single path is known.
pragma solidity 0.8.37;

library Trees {
    function depthOf(uint256 words) internal pure returns (uint256 depth) {
        for (uint256 width = 1; width < words; width *= 2) {
            ++depth;
        }
    }

    /// @notice All layers from the leaves up; what pads the leaves to a power of two is the zero word.
    function layersOf(bytes32[] memory words) internal pure returns (bytes32[][] memory layers) {
        uint256 depth = depthOf(words.length);
        layers = new bytes32[][](depth + 1);
        layers[0] = new bytes32[](1 << depth);
        for (uint256 i = 0; i < layers[0].length; ++i) {
            layers[0][i] = keccak256(abi.encode(i < words.length ? words[i] : bytes32(0)));
        }
        for (uint256 level = 1; level <= depth; ++level) {
            layers[level] = new bytes32[](layers[level - 1].length / 2);
            for (uint256 i = 0; i < layers[level].length; ++i) {
                layers[level][i] =
                    keccak256(abi.encode(layers[level - 1][2 * i], layers[level - 1][2 * i + 1]));
            }
        }
    }

    function rootOf(bytes32[] memory words) internal pure returns (bytes32) {
        bytes32[][] memory layers = layersOf(words);
        return layers[layers.length - 1][0];
    }

    function pathOf(bytes32[] memory words, uint256 index) internal pure returns (bytes32[] memory path) {
        bytes32[][] memory layers = layersOf(words);
        path = new bytes32[](layers.length - 1);
        for (uint256 level = 0; level < path.length; ++level) {
            path[level] = layers[level][(index >> level) ^ 1];
        }
    }

    /// @notice A tree of which only `word` and the nodes beside its path are known.
    function lonely(bytes32 word, uint256 index, uint256 depth)
        internal
        pure
        returns (bytes32 root, bytes32[] memory path)
    {
        path = new bytes32[](depth);
        root = keccak256(abi.encode(word));
        for (uint256 level = 0; level < depth; ++level) {
            path[level] = keccak256(abi.encode("beside", word, level));
            root = (index >> level) & 1 == 0
                ? keccak256(abi.encode(root, path[level]))
                : keccak256(abi.encode(path[level], root));
        }
    }

    /// @notice A tree whose pairs are hashed in ascending order; a node without a partner moves up as it is.
    function ascending(bytes32[] memory leaves)
        internal
        pure
        returns (bytes32 root, bytes32[][] memory paths)
    {
        paths = new bytes32[][](leaves.length);
        bytes32[] memory layer = leaves;
        for (uint256 level = 0; layer.length > 1; ++level) {
            for (uint256 i = 0; i < leaves.length; ++i) {
                uint256 partner = (i >> level) ^ 1;
                if (partner < layer.length) paths[i] = longer(paths[i], layer[partner]);
            }
            layer = above(layer);
        }
        root = layer[0];
    }

    function above(bytes32[] memory layer) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((layer.length + 1) / 2);
        for (uint256 i = 0; i < next.length; ++i) {
            bytes32 a = layer[2 * i];
            if (2 * i + 1 == layer.length) {
                next[i] = a;
                continue;
            }
            bytes32 b = layer[2 * i + 1];
            next[i] = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        }
    }

    function longer(bytes32[] memory proof, bytes32 node) private pure returns (bytes32[] memory more) {
        more = new bytes32[](proof.length + 1);
        for (uint256 i = 0; i < proof.length; ++i) {
            more[i] = proof[i];
        }
        more[proof.length] = node;
    }
}
