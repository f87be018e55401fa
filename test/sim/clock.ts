// Virtual time: things happen in the order of their seconds, equal seconds in the order in which they were planned.

export type Clock = {
  /** Seconds. */
  now(): number
  in(seconds: number, happens: () => void): void
  /** Lets the next thing happen; false when nothing is planned. */
  next(): boolean
}

type Planned = { readonly at: number; readonly order: number; readonly happens: () => void }

export function from(start: number): Clock {
  const heap: Planned[] = []
  let time = start
  let planned = 0

  function isBefore(a: Planned | undefined, b: Planned | undefined): boolean {
    if (a === undefined || b === undefined) return b === undefined
    return a.at === b.at ? a.order < b.order : a.at < b.at
  }

  function swap(a: number, b: number): void {
    const [first, second] = [heap[a], heap[b]]
    if (first === undefined || second === undefined) return
    heap[a] = second
    heap[b] = first
  }

  function push(entry: Planned): void {
    let at = heap.push(entry) - 1
    while (at > 0 && isBefore(heap[at], heap[(at - 1) >> 1])) {
      swap(at, (at - 1) >> 1)
      at = (at - 1) >> 1
    }
  }

  function pop(): Planned | undefined {
    swap(0, heap.length - 1)
    const top = heap.pop()
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      if (left >= heap.length) return top
      const least = right < heap.length && isBefore(heap[right], heap[left]) ? right : left
      if (!isBefore(heap[least], heap[at])) return top
      swap(at, least)
      at = least
    }
  }

  return {
    now: () => time,
    in: (seconds, happens) => {
      push({ at: time + Math.max(0, seconds), order: planned++, happens })
    },
    next: () => {
      const entry = pop()
      if (entry === undefined) return false
      time = entry.at
      entry.happens()
      return true
    },
  }
}
