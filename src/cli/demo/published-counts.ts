// Hillstrom's e-mail test for people without the data: rebuilt from the published table of counts.
// Visits only. The order of the customers is not published.
//
// Source: Kevin Hillstrom, "The MineThatData E-Mail Analytics and Data Mining Challenge",
// blog.minethatdata.com, 2008-03-20: 64,000 customers who had bought within a year; whether they
// visited the site within two weeks of the e-mail.
import { NOTHING, type Outcome, outcomesIn, type Recording } from './recording.ts'

const COUNTS = {
  control: { customers: 21_306, visits: 2_262 },
  mens: { customers: 21_307, visits: 3_894 },
  womens: { customers: 21_387, visits: 3_238 },
} as const

const VISIT: Outcome = Object.freeze({ ...NOTHING, rewards: [{ metric: 'visit', value: 1 }] })

/** Each arm's customers, with the published number of visits. Visitors come first: shuffle them. */
export function publishedCounts(): Recording {
  const outcomes = new Map(
    Object.entries(COUNTS).map(([arm, { customers, visits }]) => [
      arm,
      Array.from({ length: customers }, (_, index) => (index < visits ? VISIT : NOTHING)),
    ]),
  )
  return {
    name: 'demo',
    definition: {
      description: "Hillstrom's e-mail test, rebuilt from its published counts (MineThatData, 2008-03-20)",
      arms: [...outcomes.keys()].map(key => ({ key, payload: { email: key === 'control' ? null : key } })),
      metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
      plannedUnits: outcomesIn({ outcomes }),
    },
    outcomes,
    calendar: null,
    inFlight: 32,
  }
}
