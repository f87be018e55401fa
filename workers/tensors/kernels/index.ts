// The kernels of the WebAssembly engine, in AssemblyScript: everything that touches a number. What calls them plans the memory.
export { convolve, convolveBack, copyPictures, turnFilters } from './convolution'
export { multiply, multiplyTransposed, pack, packTransposed } from './products'
export { addRows, average, averageBack, descend, highest, hold, loss } from './values'

/** Where memory is free. */
export const free: usize = __heap_base
