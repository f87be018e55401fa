// What the two builds of these kernels differ in, in AssemblyScript: how a product is added.

/** a × b + c in four lanes: rounded once where the build may, and twice, the same everywhere, where it may not. */
export function addProduct(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}
