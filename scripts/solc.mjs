#!/usr/bin/env node
// The pinned Solidity compiler as forge wants one: an executable that answers --version and --standard-json.
import { readFileSync } from 'node:fs'
import solc from 'solc'

const asked = process.argv.slice(2)
if (asked.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`)
} else if (asked.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')))
} else {
  process.stderr.write('solc.mjs answers --version and --standard-json.\n')
  process.exitCode = 1
}
