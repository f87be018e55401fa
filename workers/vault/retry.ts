// Browsers drop IndexedDB connections (iOS does whenever it comes back from the background): reopen and try again.

/** Attempts in all, and the wait before the second; later waits double, in ms. */
const attempts = 4
const firstWait = 50

/** Runs `work`; when the connection was lost, `reopen`s it and repeats. Work must be idempotent. */
export async function whenLost<value>(
  work: () => Promise<value>,
  reopen: () => Promise<void>,
): Promise<value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === attempts || !isLost(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, firstWait * 2 ** (attempt - 1)))
      await reopen()
    }
  }
}

/** What browsers say of a closed or broken connection. */
function isLost(error: unknown): boolean {
  const text = String(error)
  if (/quota/i.test(text)) return false
  return /InvalidStateError|UnknownError|DatabaseClosed|connection|closing|closed|needs to be opened/i.test(
    text,
  )
}
