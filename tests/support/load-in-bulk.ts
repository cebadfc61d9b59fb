// A bulk load through the service's own code, as a backfill does it: all units first, in calls of
// /assign/batch, then all rewards, while the clock stands still.
import { assign } from '../../src/bandit/assign.ts'
import { assignInSlices } from '../../src/bandit/assign-batch.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { buildReport } from '../../src/bandit/report/report.ts'
import { readReportInput } from '../../src/bandit/report/report-input.ts'
import { recordRewards } from '../../src/bandit/rewards.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { openStore } from '../../src/store/open.ts'

export interface BulkLoad {
  readonly units: number
  /** How often it happens to the units of each arm, the control first; binary. */
  readonly rates: readonly number[]
  readonly seed: number
  /** False: no snapshot is taken on the way, as it was before there was the rule; the control. */
  readonly isRefreshed: boolean
}

export interface LoadedInBulk {
  readonly snapshots: number
  /** Of the interval of the control's mean, and of that of the first lift. */
  readonly meanWidth: number
  readonly liftWidth: number
  /** True where one of the two does not hold the truth. */
  readonly isMissed: boolean
}

const KEY = 'bulk'
const METRIC = 'visit'
const NOON = Date.UTC(2026, 0, 5, 12)

/** As many as /assign/batch takes, and as many rewards as share a transaction. */
const CALL = 10_000
const SLICE = 500

export async function loadInBulk({ units: count, rates, seed, isRefreshed }: BulkLoad): Promise<LoadedInBulk> {
  const store = await openStore('sqlite::memory:')
  try {
    const deps = { store, catalogue: await Catalogue.load(store), now: () => NOON }
    const request = { actor: 'study', now: NOON, salt: `salt ${seed}` }
    const arms = rates.map((_, arm) => ({ key: `arm-${arm}` }))
    const metrics = [{ key: METRIC, type: 'binary', role: 'primary' } as const]
    await createExperiment(deps, completeDefinition({ key: KEY, arms, metrics }), request)
    const experiment = await setStatus(deps, KEY, 'running', request)
    const chance = seededChance(seed)
    const units = Array.from({ length: count }, (_, unit) => `u-${unit}`)
    const happened: string[] = []
    for (let from = 0; from < count; from += CALL) {
      const call = units.slice(from, from + CALL)
      const slices = isRefreshed ? assignInSlices(deps, KEY, call) : [await assign(deps, KEY, call, NOON)]
      for await (const assigned of slices) {
        for (const { unit, assignment } of assigned) {
          if (chance() < (rates[assignment?.arm ?? 0] as number)) happened.push(unit)
        }
      }
    }
    for (let from = 0; from < happened.length; from += SLICE) {
      const slice = happened.slice(from, from + SLICE)
      await recordRewards(
        deps,
        slice.map(unit => ({ unit, metric: METRIC, value: 1 })),
        NOON,
      )
    }
    const read = await buildReport(await readReportInput(store, experiment), NOON)
    const [control, other] = read.arms
    const [rate = 0, otherRate = 0] = rates
    const mean = ends(control?.estimate)
    const lift = ends(other?.lift)
    return {
      snapshots: read.snapshots,
      meanWidth: mean.upper - mean.lower,
      liftWidth: lift.upper - lift.lower,
      isMissed: !holds(mean, rate) || !holds(lift, otherRate - rate),
    }
  } finally {
    await store.close()
  }
}

interface Ends {
  readonly lower: number
  readonly upper: number
}

function ends(interval: { readonly lower: number | null; readonly upper: number | null } | null | undefined): Ends {
  const { lower, upper } = interval ?? {}
  if (lower == null || upper == null) throw new TypeError('The interval has no ends')
  return { lower, upper }
}

function holds({ lower, upper }: Ends, truth: number): boolean {
  return lower <= truth && truth <= upper
}
