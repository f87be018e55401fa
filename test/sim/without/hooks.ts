// Puts the modules of this folder in the place of the roles' own, to see that the laws notice: --without survivors,shares
import { registerHooks } from 'node:module'

/** Which of `survivors`, `shares` and `release` are switched off. */
export function without(names: readonly string[]): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const name = names.find((each) => resolved.url.endsWith(`/protocol/roles/${each}.ts`))
      return name === undefined
        ? resolved
        : { ...resolved, url: new URL(`./${name}.ts`, import.meta.url).href }
    },
  })
}
