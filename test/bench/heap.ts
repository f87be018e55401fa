// The memory of a WebAssembly module that somebody else instantiates.

/** What `start` gives, with the memory of the module that it instantiates. */
export async function watched<started>(
  start: () => Promise<started>,
): Promise<{ readonly started: started; readonly memory: WebAssembly.Memory }> {
  const original = WebAssembly.instantiate
  let memory: WebAssembly.Memory | undefined
  const watching = async (...given: readonly unknown[]): Promise<unknown> => {
    const made: unknown = await Reflect.apply(original, WebAssembly, given)
    memory ??= memoryOf(made)
    return made
  }
  Object.assign(WebAssembly, { instantiate: watching })
  try {
    const started = await start()
    if (memory === undefined) throw new Error('No module with a memory was instantiated.')
    return { started, memory }
  } finally {
    Object.assign(WebAssembly, { instantiate: original })
  }
}

function memoryOf(made: unknown): WebAssembly.Memory | undefined {
  if (typeof made !== 'object' || made === null || !('instance' in made)) return undefined
  if (!(made.instance instanceof WebAssembly.Instance)) return undefined
  return Object.values(made.instance.exports).find((each) => each instanceof WebAssembly.Memory)
}
