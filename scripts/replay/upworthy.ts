// Upworthy's headline tests, 2013 to 2015 (Matias, Munger, Le Quere and Ebersole 2021, Scientific
// Data, doi
// 10.1038/s41597-021-00934-7). The archive has impressions and clicks of each headline: here every
// impression is a unit.

import { NOTHING, type Outcome, outcomesIn, type Recording } from '../../src/cli/demo/recording.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { numberIn, type Row, readTable } from './table.ts'

const CLICK: Outcome = Object.freeze({ rewards: [{ metric: 'click', value: 1 }] })
const MIN_PLANNED_UNITS = 1_000

/**
 * One test. The first headline is the control. The clicks stand before the other impressions:
 * shuffle them.
 */
export function upworthy(dataFolder: string, testId: string | undefined): Recording {
  const rows = readTable(dataFolder, 'upworthy/upworthy_odd.csv', [
    'clickability_test_id',
    'headline',
    'impressions',
    'clicks',
  ])
  const headlines = headlinesOf(rows, testId)
  const outcomes = new Map(headlines.map((row, position) => [armKey(position), expand(row)]))
  return {
    name: `upworthy-${testId}`,
    definition: {
      description: `Replay of Upworthy's headline test ${testId} (Matias et al. 2021)`,
      arms: headlines.map(({ headline = '' }, position) => ({ key: armKey(position), payload: { headline } })),
      metrics: [{ key: 'click', type: 'binary', role: 'primary' }],
      plannedUnits: Math.max(MIN_PLANNED_UNITS, outcomesIn({ outcomes })),
    },
    outcomes,
    inFlight: 32,
  }
}

function headlinesOf(rows: readonly Row[], testId: string | undefined): readonly Row[] {
  const headlines = rows.filter(row => row.clickability_test_id === testId)
  if (headlines.length > 0) return headlines
  const tests = new Set(rows.map(row => row.clickability_test_id)).size
  const found = testId === undefined ? 'Which test?' : `There is no test ${JSON.stringify(testId)}.`
  throw new Failure(
    `${found} The file has ${tests} of them; one is: npm run replay -- upworthy ${rows[0]?.clickability_test_id}`,
  )
}

function armKey(position: number): string {
  return `headline-${position + 1}`
}

function expand(row: Row): Outcome[] {
  const clicks = numberIn(row, 'clicks')
  return Array.from({ length: numberIn(row, 'impressions') }, (_, index) => (index < clicks ? CLICK : NOTHING))
}
