// What a person sees and presses on the benchmark's page, and what the browser notes of it.

export type Stretch = {
  /** From the browser's time stamp of a key press until its frame was made, and until its handler ran, in ms. */
  readonly latencies: readonly number[]
  readonly delays: readonly number[]
  readonly longTasks: readonly number[]
  /** Trained in it. */
  readonly samples: number
  readonly frames: number
  readonly seconds: number
}

export type Screen = ReturnType<typeof watched>

export function watched() {
  const bar = document.createElement('progress')
  const count = document.createElement('output')
  document.body.append(bar, count)
  let pressed = 0
  let trained = 0
  let before = 0
  let moved = Promise.withResolvers<undefined>()
  let answered: ((found: { readonly latency: number; readonly delay: number }) => void) | undefined

  let frames = 0
  // A bar that never rests has frames come as on a screen, where a key's effect waits for the next one.
  const animate = () => {
    bar.style.translate = `${frames++ % 60}px`
    frame = requestAnimationFrame(animate)
  }
  let frame = requestAnimationFrame(animate)

  const onKey = ({ timeStamp }: KeyboardEvent) => {
    const delay = performance.now() - timeStamp
    count.textContent = String(++pressed)
    const answer = answered
    // The task after a frame's callbacks begins once the frame was made.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        answer?.({ latency: performance.now() - timeStamp, delay })
      }
      port2.postMessage(undefined)
    })
  }
  document.addEventListener('keydown', onKey)
  const longTasks: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries()))
  observer.observe({ type: 'longtask' })

  return {
    show(done: number, total: number) {
      bar.max = total
      bar.value = done
      // A new round counts from the start.
      trained += done > before ? done - before : done
      before = done
      moved.resolve(undefined)
    },
    /** Resolves when training reports again. */
    async moved() {
      moved = Promise.withResolvers<undefined>()
      await moved.promise
    },
    async window(ms: number, press: () => Promise<void>): Promise<Stretch> {
      const from = performance.now()
      const [samples, shown] = [trained, frames]
      const latencies: number[] = []
      const delays: number[] = []
      while (performance.now() - from < ms) {
        // Frames come at fixed times; keys must not.
        await pass(20 + Math.random() * 60)
        const answer = new Promise<{ readonly latency: number; readonly delay: number }>((resolve) => {
          answered = resolve
        })
        await press()
        const { latency, delay } = await answer
        latencies.push(latency)
        delays.push(delay)
      }
      // Long tasks are told of some time after they ended.
      await pass(200)
      longTasks.push(...observer.takeRecords())
      const until = performance.now()
      return {
        latencies,
        delays,
        longTasks: longTasks
          .filter(({ startTime }) => startTime >= from && startTime < until)
          .map(({ duration }) => duration),
        samples: trained - samples,
        frames: frames - shown,
        seconds: (until - from) / 1000,
      }
    },
    stop() {
      cancelAnimationFrame(frame)
      document.removeEventListener('keydown', onKey)
      observer.disconnect()
      bar.remove()
      count.remove()
    },
  }
}

export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
