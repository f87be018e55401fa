// SPDX-License-Identifier: MIT
// Bitmaps of seats: which, how many, and the next one.
pragma solidity 0.8.37;

library Bits {
    /// @notice Seats set in `bits`, by halving: pairs, nibbles, bytes, then one multiplication sums the bytes.
    function count(uint256 bits) internal pure returns (uint256) {
        unchecked {
            uint256 pairs = bits - ((bits >> 1) & (type(uint256).max / 3));
            uint256 nibbles = (pairs & (type(uint256).max / 5)) + ((pairs >> 2) & (type(uint256).max / 5));
            uint256 octets = (nibbles + (nibbles >> 4)) & (type(uint256).max / 17);
            // The top byte holds the sum of the 32 below modulo 256: only a full bitmap, which no task has, wraps.
            return (octets * (type(uint256).max / 255)) >> 248;
        }
    }

    /// @notice The lowest seat set in `bits`, which must not be empty.
    /// @dev CLZ came with Osaka (EIP-7939): the market's constructor tries it, so that no chain without it gets one.
    function lowest(uint256 bits) internal pure returns (uint256 seat) {
        assembly ("memory-safe") {
            seat := sub(255, clz(and(bits, sub(0, bits))))
        }
    }

    /// @notice The bitmap of one seat.
    function only(uint256 seat) internal pure returns (uint256) {
        // forge-lint: disable-next-line(incorrect-shift)
        return 1 << seat;
    }

    function has(uint256 bits, uint256 seat) internal pure returns (bool) {
        return (bits >> seat) & 1 == 1;
    }
}
