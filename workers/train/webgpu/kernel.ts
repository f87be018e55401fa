// A compute shader in the making: what it reads and writes, and how many threads it takes.

export type Access = 'read' | 'read_write'
type Element = 'f32' | 'u32'

export type Binding = {
  /** Of the plan's buffer. */
  readonly buffer: string
  /** In the shader. */
  readonly name: string
  readonly access: Access
  readonly element: Element
}

export type Kernel = {
  readonly label: string
  readonly code: string
  /** In the order of their bindings, after the settings. */
  readonly buffers: readonly string[]
  /** Workgroups for so many samples. */
  groups(samples: number): number
}

type Parts = {
  readonly label: string
  readonly bindings: readonly Binding[]
  /** Functions and constants outside of `main`. */
  readonly before?: string
  /** Body of `main`; `thread` counts all threads, `local` those of the workgroup. */
  readonly main: string
  readonly threads: (samples: number) => number
  readonly workgroup: number
}

export function read(buffer: string, name: string, element: Element = 'f32'): Binding {
  return { buffer, name, access: 'read', element }
}

export function write(buffer: string, name: string, element: Element = 'f32'): Binding {
  return { buffer, name, access: 'read_write', element }
}

/** Workgroups may come in two dimensions; `thread` counts them as one. */
export function kernel({ label, bindings, before, main, threads, workgroup }: Parts): Kernel {
  const declared = bindings.map(
    ({ name, access, element }, i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${element}>;`,
  )
  const code = `struct Settings { samples: u32, rate: f32, momentum: f32 }
@group(0) @binding(0) var<uniform> settings: Settings;
${declared.join('\n')}
${before ?? ''}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let number = group.y * groups.x + group.x;
  let thread = number * ${workgroup}u + local;
${main}
}`
  return {
    label,
    code,
    buffers: bindings.map(({ buffer }) => buffer),
    groups: (samples) => Math.ceil(threads(samples) / workgroup),
  }
}
