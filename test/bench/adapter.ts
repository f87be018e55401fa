// The GPU that this browser offers, or what poses as one.

export type Seen = { readonly adapter: string; readonly hardware: boolean }

export async function seen(): Promise<Seen> {
  // Imported when asked for, so that parts that train nothing are measured without it.
  const { engines } = await import('../../workers/train/backends.ts')
  try {
    const { description, software } = await engines.webgpu.device()
    return { adapter: software ? `${description}, a software rasteriser` : description, hardware: !software }
  } catch {
    return { adapter: 'none', hardware: false }
  }
}
