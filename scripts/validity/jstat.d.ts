// What the study uses of jstat, which brings no types.
declare module 'jstat' {
  const jStat: {
    readonly beta: {
      /** The quantile at `level` of Beta(alpha, beta). */
      readonly inv: (level: number, alpha: number, beta: number) => number
    }
  }
  export default jStat
}
