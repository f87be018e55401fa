// Svelte's tools look here first; the builds configure the compiler in vite.config.ts and need nothing more.
export default {}
