// The simple model that a life is compared with: what an experiment must remember, in maps. It
// restates the rules of the interface's documentation in its own words, and shares no code with
// what it judges.
import assert from 'node:assert/strict'
import type { Assigned } from '../../../src/bandit/assign.ts'
import type { Definition, Experiment, Status } from '../../../src/bandit/experiment/experiment.ts'
import type { Assignment, Reward, StoredRewardStatus } from '../../../src/bandit/facts.ts'
import type { Metric } from '../../../src/bandit/metrics/metric.ts'

interface MetricFacts {
  /** Sum of the counted values. */
  total: number
  stored: number
  counted: number
  /** Every total that the unit has had, from 0 on. */
  readonly totals: number[]
}

/** What a request sees of an experiment when it comes in. */
export interface Moment {
  readonly now: number
  readonly status: Status
  readonly winner: string | null
  readonly stoppedAt: number | null
  readonly definition: Definition
}

const WINDOWS: Readonly<Record<string, number>> = { '1ms': 1, '10m': 600_000, '1h': 3_600_000, '1d': 86_400_000 }

/** From which states each can be reached. */
export const POSSIBLE: Readonly<Record<Exclude<Status, 'draft'>, readonly Status[]>> = {
  running: ['draft', 'paused', 'running'],
  paused: ['running', 'paused'],
  stopped: ['running', 'paused', 'stopped'],
}

export class ExperimentModel {
  /** Unit → what it was first given. */
  readonly kept = new Map<string, Assignment>()
  /** Version → the experiment as it was then. */
  readonly versions = new Map<number, Experiment>()
  readonly #facts = new Map<string, MetricFacts>()
  readonly #ids = new Set<string>()
  experiment: Experiment

  constructor(experiment: Experiment) {
    this.experiment = experiment
    this.versions.set(experiment.version, experiment)
  }

  moment(now: number): Moment {
    const { status, winner, stoppedAt, definition } = this.experiment
    return { now, status, winner, stoppedAt, definition }
  }

  /**
   * Takes in what a change answered: the next version, where an arm stays at its place, or one that
   * was there already.
   */
  adopt(experiment: Experiment): void {
    const { version, definition, status } = this.experiment
    const same = this.versions.get(experiment.version)
    if (same !== undefined) {
      assert.deepEqual(experiment, same, 'without a change all stays as it was')
      return
    }
    assert.equal(experiment.version, version + 1, 'a change makes one version')
    const { definition: next, status: to, winner } = experiment
    assert.ok(to === status || (to !== 'draft' && POSSIBLE[to].includes(status)), `${status} cannot become ${to}`)
    assert.ok(winner === null || (to === 'stopped' && next.arms.some(arm => arm.key === winner)), 'a winner is an arm')
    if (status !== 'draft') {
      const places = next.arms.slice(0, definition.arms.length).map(({ key }) => key)
      assert.deepEqual(
        places,
        definition.arms.map(({ key }) => key),
        'arms keep their places',
      )
      assert.deepEqual(frozenOf(next), frozenOf(definition), 'what is frozen stays as it is')
    }
    this.experiment = experiment
    this.versions.set(experiment.version, experiment)
  }

  /**
   * Compares the answers for units that came at that moment, and remembers what they were given.
   */
  expectAssigned(moment: Moment, units: readonly string[], answers: readonly Assigned[]): void {
    assert.deepEqual(
      answers.map(({ unit }) => unit),
      units,
    )
    for (const answer of answers) this.#expectAnswer(moment, answer)
  }

  #expectAnswer({ status, winner, now, definition }: Moment, { unit, arm, reason, assignment }: Assigned): void {
    const known = this.kept.get(unit)
    if (status === 'draft' || winner !== null) {
      const expected = winner === null ? [definition.control, 'draft'] : [winner, 'winner']
      assert.deepEqual([arm.key, reason, assignment], [...expected, null])
      return
    }
    if (known !== undefined) {
      assert.deepEqual(assignment, known, `${unit} keeps what it was first given`)
      assert.deepEqual([arm.key, reason], [definition.arms[known.arm]?.key, 'kept'])
      return
    }
    if (status !== 'running') {
      assert.deepEqual([arm.key, reason, assignment], [definition.control, status, null])
      return
    }
    assert.equal(reason, 'assigned')
    assert.ok(assignment !== null && assignment.propensity > 0 && assignment.propensity <= 1)
    assert.deepEqual([assignment.unit, assignment.assignedAt], [unit, now])
    const given = definition.arms[assignment.arm]
    assert.deepEqual([given?.key, given?.retired], [arm.key, false], 'a new unit gets an active arm')
    this.kept.set(unit, assignment)
  }

  /** What becomes of an event; null where it does not reach this experiment. */
  takeReward({ stoppedAt, status, now }: Moment, reward: Reward): StoredRewardStatus | null {
    const { metric: key, unit, value, id } = reward
    const metric = this.experiment.definition.metrics.find(other => other.key === key)
    assert.ok(metric !== undefined)
    const windowMs = metric.window === null ? null : (WINDOWS[metric.window] as number)
    const at = reward.at ?? now
    const isOver = stoppedAt !== null && at > stoppedAt + (windowMs ?? 0)
    if (reward.experiment === undefined && (status === 'draft' || isOver)) return null
    const known = this.kept.get(unit)
    if (known === undefined) return 'unassigned'
    if (id !== undefined && this.#ids.has(`${key} ${id}`)) return 'duplicate'
    if (id !== undefined) this.#ids.add(`${key} ${id}`)
    const facts = this.factsOf(unit, key)
    this.#facts.set(`${key} ${unit}`, facts)
    facts.stored += 1
    const end = windowMs === null ? (stoppedAt ?? Number.POSITIVE_INFINITY) : known.assignedAt + windowMs
    // What the service dates itself is never from before the assignment, though its clock may have
    // been set back.
    const countedAt = reward.at ?? Math.max(now, known.assignedAt)
    if (countedAt < known.assignedAt || countedAt > end) return 'late'
    facts.counted += 1
    facts.total += value
    facts.totals.push(facts.total)
    return sideOf(metric, facts.total) === null ? 'recorded' : 'clipped'
  }

  factsOf(unit: string, metric: string): MetricFacts {
    return this.#facts.get(`${metric} ${unit}`) ?? { total: 0, stored: 0, counted: 0, totals: [0] }
  }
}

/** Where a total lies outside the range that outcomes are clipped to. */
export function sideOf({ type, range: [lowest, highest] }: Metric, total: number): 'above' | 'below' | null {
  if (type !== 'continuous') return null
  if (total > highest && total !== 0) return 'above'
  return total < lowest && total !== 0 ? 'below' : null
}

function frozenOf({ metrics, control, alpha, plannedUnits, policy }: Definition) {
  return { metrics, control, alpha, plannedUnits, prior: policy.prior }
}
