// How much is tried: a little with every test run, all of it with `npm run fuzz`. The properties
// are the same.

export interface Size {
  readonly histories: number
  readonly requests: number
}

/** A few seconds. */
export const QUICK: Size = { histories: 60, requests: 1_500 }

/** Some minutes. */
export const FULL: Size = { histories: 1_000, requests: 100_000 }
