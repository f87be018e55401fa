// Each operator on a few lines of Solidity, read by the real compiler.
import { beforeAll, expect, test } from 'vitest'
import * as Compiler from './compiler.ts'
import * as Operators from './operators.ts'

const source = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37; // ≥ one character of several bytes, so that bytes and characters differ

contract Till {
    event Paid(uint256 sum, uint256 rest);
    error TooLittle(uint256 sum);

    mapping(address account => uint256) public sums;

    function pay(uint256 sum, uint256 rest, bool twice) external {
        require(sum >= rest, TooLittle(sum));
        if (twice && sum != 0) sums[msg.sender] = sum;
        for (uint256 i = 0; i < rest; ++i) {
            delete sums[address(0)];
        }
        emit Paid(sum, rest);
        sums[msg.sender] += left(sum, rest);
    }

    function left(uint256 a, uint256 b) private pure returns (uint256) {
        return a / b;
    }
}
`
let mutants: readonly Operators.Mutant[]
beforeAll(() => {
  const tree = Compiler.trees(new Map([['Till.sol', source]])).get('Till.sol')
  mutants = tree === undefined ? [] : Operators.mutantsOf('Till.sol', source, tree)
})

const changes = (operator: Operators.Operator) =>
  mutants.filter((mutant) => mutant.operator === operator).map(({ line, becomes }) => `${line}: ${becomes}`)

test('a comparison becomes its neighbour and its opposite', () => {
  expect(changes('comparison')).toEqual([
    '11: require(sum < rest, TooLittle(sum));',
    '11: require(sum > rest, TooLittle(sum));',
    '12: if (twice && sum == 0) sums[msg.sender] = sum;',
    '13: for (uint256 i = 0; i <= rest; ++i) {',
    '13: for (uint256 i = 0; i > rest; ++i) {',
  ])
})

test('a requirement is dropped', () => {
  expect(changes('require')).toEqual(['11: {}'])
})

test('numbers, bounds and indices miss by one', () => {
  expect(changes('off-by-one')).toEqual([
    '11: require(sum >= (rest + 1), TooLittle(sum));',
    '11: require(sum >= (rest - 1), TooLittle(sum));',
    '12: if (twice && sum != (0 + 1)) sums[msg.sender] = sum;',
    '12: if (twice && sum != 0) sums[msg.sender] = (sum + 1);',
    '12: if (twice && sum != 0) sums[msg.sender] = (sum - 1);',
    '13: for (uint256 i = (0 + 1); i < rest; ++i) {',
    '13: for (uint256 i = 0; i < (rest + 1); ++i) {',
    '13: for (uint256 i = 0; i < (rest - 1); ++i) {',
    '14: delete sums[address((0 + 1))];',
    '17: sums[msg.sender] += (left(sum, rest) + 1);',
    '17: sums[msg.sender] += (left(sum, rest) - 1);',
    '21: return (a / b + 1);',
    '21: return (a / b - 1);',
  ])
})

test('operands and arguments of one type change places', () => {
  expect(changes('operands')).toEqual([
    '16: emit Paid(rest, sum);',
    '17: sums[msg.sender] += left(rest, sum);',
    '21: return (b) / (a);',
  ])
})

test('an effect is left out: an assignment, a deletion, an event', () => {
  expect(changes('effect')).toEqual(['12: if (twice && sum != 0) {}', '14: {}', '16: {}', '17: {}'])
})

test('conditions are negated, and is confused with or', () => {
  expect(changes('negation')).toEqual([
    '12: if (!(twice && sum != 0)) sums[msg.sender] = sum;',
    '13: for (uint256 i = 0; !(i < rest); ++i) {',
  ])
  expect(changes('logic')).toEqual(['12: if (twice || sum != 0) sums[msg.sender] = sum;'])
})

test('every mutant compiles, has its own name and differs from the source', () => {
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
  for (const mutant of mutants) {
    expect(mutant.source).not.toBe(source)
    expect(mutant.was).not.toBe(mutant.becomes)
  }
  const sources = new Map(mutants.map(({ id, source: text }) => [`${id}.sol`, text]))
  expect(Compiler.trees(sources).size).toBe(mutants.length)
})

test('a name does not change when lines elsewhere do', () => {
  const longer = source.replace('contract Till {', '\n// Another line.\ncontract Till {')
  const tree = Compiler.trees(new Map([['Till.sol', longer]])).get('Till.sol')
  const others = tree === undefined ? [] : Operators.mutantsOf('Till.sol', longer, tree)
  expect(others.map(({ id }) => id)).toEqual(mutants.map(({ id }) => id))
})

test('a seed always picks the same, every operator in turn', () => {
  const first = [...Operators.picked(mutants, 1)]
  expect([...Operators.picked([...mutants].reverse(), 1)]).toEqual(first)
  expect([...Operators.picked(mutants, 2)]).not.toEqual(first)
  expect(first.slice(0, 7).map(({ operator }) => operator)).toEqual([...Operators.operators])
  expect(first).toHaveLength(mutants.length)
})
