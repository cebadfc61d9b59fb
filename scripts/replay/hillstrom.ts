// Kevin Hillstrom's e-mail test: 64,000 customers of a shop, a third each with a men's, a women's
// or no e-mail, and what they did on the site in the two weeks after. Published 2008-03-20 at
// blog.minethatdata.com. The file's order is random already.
import { NOTHING, type Outcome, type Recording } from '../../src/cli/demo/recording.ts'
import { numberIn, outcomesByArm, type Row, readTable } from './table.ts'

const ARMS = { 'No E-Mail': 'control', 'Mens E-Mail': 'mens', 'Womens E-Mail': 'womens' }
const OUTCOMES = ['visit', 'conversion', 'spend'] as const

/** In the order of the file. */
export function hillstrom(dataFolder: string): Recording {
  const rows = readTable(dataFolder, 'hillstrom/hillstrom.csv', ['segment', ...OUTCOMES])
  const outcomes = outcomesByArm(rows, 'segment', ARMS, outcomeOf)
  return {
    name: 'hillstrom',
    definition: {
      description: "Replay of Hillstrom's e-mail test (MineThatData, 2008)",
      arms: [...outcomes.keys()].map(key => ({ key })),
      metrics: [
        { key: 'visit', type: 'binary', role: 'primary' },
        { key: 'conversion', type: 'binary', role: 'secondary' },
        // Dollars; the largest order is $499.
        { key: 'spend', type: 'continuous', range: [0, 500], role: 'secondary' },
      ],
      plannedUnits: rows.length,
    },
    outcomes,
    inFlight: 32,
  }
}

function outcomeOf(row: Row): Outcome {
  const rewards = OUTCOMES.map(metric => ({ metric, value: numberIn(row, metric) })).filter(({ value }) => value !== 0)
  return rewards.length === 0 ? NOTHING : { rewards }
}
