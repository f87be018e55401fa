// Builds both origins before tests that serve them run side by side.
import * as Build from '../../scripts/build.ts'

export default function setup(): void {
  Build.build((line) => process.stdout.write(`${line}\n`))
}
