// Runs a command that must not outlive whoever started it: when the channel to its starter
// closes, however that came about, it is ended.
// usage: node scripts/leash.mjs <command> [arguments…]
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Milliseconds a command has to write its state after it was asked to end. */
const grace = 5_000

const [command, ...parameters] = process.argv.slice(2)
const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })

child.on('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))

process.send(child.pid)
process.on('disconnect', end)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)

function end() {
  signalGroup('SIGINT')
  setTimeout(() => signalGroup('SIGKILL'), grace)
}

function signalGroup(signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}
