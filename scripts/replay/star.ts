// Project STAR: Tennessee put 11,600 pupils into small classes, regular ones, or regular ones with
// an aide (1985 to 1989). Here the kindergarten year; the outcome is the sum of the reading and the
// mathematics score (as in Stock and Watson's textbook). The file's order is random: neighbours'
// scores correlate by 0.02.
import { outcomesIn, type Recording } from '../../src/cli/demo/recording.ts'
import { numberIn, outcomesByArm, readTable } from './table.ts'

const ARMS = { regular: 'control', small: 'small', 'regular+aide': 'regular-aide' }

/** Wider than the scores of the file, which go from 635 to 1,253, so that nothing is clipped. */
const RANGE = [400, 1300] as const

/** In the order of the file. */
export function star(dataFolder: string): Recording {
  const rows = readTable(dataFolder, 'star/STAR.csv.gz', ['stark', 'readk', 'mathk'])
  // Who was not in kindergarten, or lacks a score, is left out, as in the published table.
  const known = rows.filter(row => ![row.stark, row.readk, row.mathk].some(text => text === '' || text === 'NA'))
  const outcomes = outcomesByArm(known, 'stark', ARMS, row => {
    return { rewards: [{ metric: 'score', value: numberIn(row, 'readk') + numberIn(row, 'mathk') }] }
  })
  return {
    name: 'star',
    definition: {
      description: 'Replay of Project STAR, kindergarten (Tennessee, 1985): classes of three kinds',
      arms: [...outcomes.keys()].map(key => ({ key })),
      metrics: [{ key: 'score', type: 'continuous', range: RANGE, role: 'primary' }],
      plannedUnits: outcomesIn({ outcomes }),
    },
    outcomes,
    // Until its reward has come a unit counts with 0, which is clipped to 400: seven standard
    // deviations below the others. So each reward follows its assignment at once, and hardly a unit
    // is without one when a snapshot is taken.
    inFlight: 1,
  }
}
