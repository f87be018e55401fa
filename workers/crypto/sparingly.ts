// Progress at the pace of eyes: at most four reports a second, and always the last of a stage.
import type { Progress } from '../progress.ts'

const milliseconds = 250

export function reported(progress: Progress): Progress {
  let last = -Infinity
  return (step) => {
    const now = performance.now()
    if (step.done < step.total && now - last < milliseconds) return
    last = now
    progress(step)
  }
}
