// Letters of The Lab @ DC to 3,539 families whose welfare (TANF) was due to be recertified in 2017:
// none, an open appointment, or a specific one (Moore, Gan, Minnich and Yokum 2022, Journal of
// Public Policy). A success comes weeks or months after its letter; some are dated before it.

import { NOTHING, outcomesIn } from '../../src/cli/demo/recording.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import type { DatedOutcome, DatedRecording } from './replay-days.ts'
import { keyFor, type Row, readTable } from './table.ts'

const ARMS = { No_Letter: 'control', Open_Appt: 'open-appointment', Specific_Appt: 'specific-appointment' }

const DAY_MS = 86_400_000

/**
 * Rewards count for so long: 3 s where a day is 40 ms. Of 1,541 recertifications 29 came later, 69
 * are dated before the letter.
 */
const WINDOW_DAYS = 75

/**
 * Three successes have no date. They are successes to the authors, and are given the median delay
 * of the dated ones.
 */
const MEDIAN_DELAY_DAYS = 28

/**
 * In the order of the letters. Letters of one day stand sorted by service centre, whose success
 * rates go from 38 % to 46 %: shuffle them. `dayMs`: how long a day takes, in milliseconds.
 *
 * Three families are there twice, with two letters and two arms. A unit here is a letter, not a
 * family: that is what the authors count (470 of 1,172 without a letter), and each of their
 * outcomes is dealt once.
 *
 * Successes rose from 41 % of the letters of June to 52 % of those of October. A policy that gives
 * an arm fewer units than the trial did leaves that arm's outcomes behind the calendar, and its
 * lift then compares months too; `isSameDay` does not.
 */
export function tanf(dataFolder: string, dayMs: number, isSameDay: boolean): DatedRecording {
  const rows = readTable(dataFolder, 'tanf_dc/df_replication_anonymized.csv', [
    'condition',
    'letter_sent_date',
    'recert_status',
    'date_of_recert',
  ])
  const letters = rows
    // What became of 19 cases is unknown; the authors leave them out.
    .filter(row => row.recert_status !== 'NA')
    .map(row => ({ row, sentOn: dayOf(row, 'letter_sent_date') }))
    .toSorted((a, b) => a.sentOn - b.sentOn)
  const firstDay = letters[0]?.sentOn ?? 0
  const outcomes = new Map<string, DatedOutcome[]>(Object.values(ARMS).map(arm => [arm, []]))
  for (const { row, sentOn } of letters)
    outcomes.get(keyFor(row, 'condition', ARMS))?.push(outcomeOf(row, sentOn, firstDay))
  return {
    name: 'tanf',
    definition: {
      description: `Replay of DC's letters on TANF recertification (The Lab @ DC, 2017); a day takes ${dayMs} ms${isSameDay ? '; outcomes of the same day' : ''}`,
      arms: [...outcomes.keys()].map(key => ({ key })),
      metrics: [{ key: 'recertified', type: 'binary', role: 'primary', window: `${WINDOW_DAYS * dayMs}ms` }],
      plannedUnits: outcomesIn({ outcomes }),
    },
    outcomes,
    days: letters.map(({ sentOn }) => sentOn - firstDay),
    dayMs,
    isSameDay,
    inFlight: 32,
  }
}

function outcomeOf(row: Row, sentOn: number, firstDay: number): DatedOutcome {
  const day = sentOn - firstDay
  if (row.recert_status !== 'Processed') return { ...NOTHING, delayDays: 0, day }
  const delayDays = row.date_of_recert === 'NA' ? MEDIAN_DELAY_DAYS : dayOf(row, 'date_of_recert') - sentOn
  return { rewards: [{ metric: 'recertified', value: 1 }], delayDays, day }
}

/** Whole days since 1970. */
function dayOf(row: Row, column: string): number {
  const text = row[column] ?? ''
  const day = Date.parse(text) / DAY_MS
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isInteger(day)) return day
  throw new Failure(`Cannot use a row of the data: its ${column} is ${JSON.stringify(text)}, which is no date`)
}
