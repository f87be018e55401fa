// The stack as `npm start` runs it, as a process that a test can kill: keeps its state in a folder, on given ports.
// usage: node test/e2e/restartable.ts FOLDER APP VAULT RELAY CHAIN
import { startStack } from '../../scripts/stack.ts'

const [folder = '', ...rest] = process.argv.slice(2)
const [app = 0, vault = 0, relay = 0, chain = 0] = rest.map(Number)
await startStack({
  folder,
  ports: { app, vault, relay, chain },
  say: (line) => process.stdout.write(`${line}\n`),
})
process.stdout.write('serving\n')
