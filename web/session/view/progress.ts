// How far something is that takes a while.

export type Progress = { readonly label: string; readonly done: number; readonly total: number }
