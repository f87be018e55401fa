// SPDX-License-Identifier: MIT
// Bitmaps of seats: how many are set, and how often each was set over up to 255 of them.
pragma solidity 0.8.37;

/// @notice Counts per seat, one bit of every seat's count in each word: adding a bitmap costs the same for 3 and
/// for 255 seats.
struct Counts {
    uint256[8] planes;
}

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

    /// @notice Adds one to the count of every seat set in `bits`; at most 255 times.
    function add(Counts memory counts, uint256 bits) internal pure {
        uint256 carry = bits;
        for (uint256 plane = 0; carry != 0; ++plane) {
            uint256 before = counts.planes[plane];
            counts.planes[plane] = before ^ carry;
            carry &= before;
        }
    }

    /// @notice How often `seat` was set.
    function times(Counts memory counts, uint256 seat) internal pure returns (uint256 sum) {
        for (uint256 plane = 0; plane < 8; ++plane) {
            sum |= ((counts.planes[plane] >> seat) & 1) << plane;
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
