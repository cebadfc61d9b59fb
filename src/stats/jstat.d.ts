// What is used of jstat, which brings no types.
declare module 'jstat' {
  const jStat: {
    readonly beta: {
      /** The quantile at `level` of Beta(alpha, beta). */
      readonly inv: (level: number, alpha: number, beta: number) => number
    }
    readonly normal: {
      /** The quantile at `level` of Normal(mean, sd²). */
      readonly inv: (level: number, mean: number, sd: number) => number
    }
    readonly studentt: {
      /** The quantile at `level` of Student's t. */
      readonly inv: (level: number, degreesOfFreedom: number) => number
    }
  }
  export default jStat
}
