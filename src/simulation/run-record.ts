// What is stored of one simulated run: its verdicts, whether the truth ever left the interval, and
// the course of regret and width.
import type { Lift, Verdict } from '../stats/lift/lift.ts'
import type { SimulationDesign } from './design.ts'
import type { Look } from './run.ts'
import { isFalse, missesOf, type TrueLift, trueLifts } from './truth.ts'

export interface RunRecord {
  readonly looks: number
  readonly regret: number
  /** By arm; null for the control. */
  readonly arms: readonly (ArmRecord | null)[]
  /** By arm, of the mature ones. */
  readonly units: readonly number[]
  /** Whether the truth was ever outside, over all looks. */
  readonly missed: { readonly absolute: boolean; readonly relative: boolean; readonly policyLift: boolean }
  /** At evenly spaced numbers of units, the last one being the end; see `curveUnits`. */
  readonly curve: readonly { readonly regret: number; readonly width: number | null }[]
}

export interface ArmRecord {
  /** The first verdict but `undecided`, and the number of units before it. */
  readonly verdict: Verdict
  readonly verdictAt: number | null
  /** Whether a false verdict was ever shown. */
  readonly wasFalse: boolean
  /** Of the intervals at the end; null: unbounded. */
  readonly width: number | null
  readonly relativeWidth: number | null
}

const POINTS = 60

/** The numbers of units at which a curve has its points. */
export function curveUnits({ units }: SimulationDesign): number[] {
  const points = Math.min(POINTS, units)
  return Array.from({ length: points }, (_, point) => Math.round(((point + 1) * units) / points))
}

/** Takes the looks of one run in order. */
export class RunRecorder {
  readonly #design: SimulationDesign
  readonly #truth: readonly (TrueLift | null)[]
  readonly #curveUnits: readonly number[]
  readonly #curve: { regret: number; width: number | null }[] = []
  readonly #verdicts: { verdict: Verdict; at: number | null; wasFalse: boolean }[]
  #missed = { absolute: false, relative: false, policyLift: false }
  #looks = 0
  #last: Look | null = null

  constructor(design: SimulationDesign) {
    this.#design = design
    this.#truth = trueLifts(design)
    this.#curveUnits = curveUnits(design)
    this.#verdicts = this.#truth.map(() => ({ verdict: 'undecided', at: null, wasFalse: false }))
  }

  add(look: Look): void {
    this.#looks++
    const misses = missesOf(look, this.#truth)
    this.#missed = {
      absolute: this.#missed.absolute || misses.absolute,
      relative: this.#missed.relative || misses.relative,
      policyLift: this.#missed.policyLift || misses.policyLift,
    }
    for (const [arm, known] of this.#verdicts.entries()) {
      const verdict = look.lifts[arm]?.verdict ?? 'undecided'
      if (verdict === 'undecided') continue
      if (known.at === null) Object.assign(known, { verdict, at: look.units })
      known.wasFalse ||= isFalse(verdict, this.#truth[arm] as TrueLift, this.#design.metric.goal)
    }
    this.#draw(look)
    this.#last = look
  }

  /** @throws TypeError before the first look */
  record(): RunRecord {
    const last = this.#last
    if (last === null) throw new TypeError('Cannot record a run without looks')
    return {
      looks: this.#looks,
      regret: last.regret,
      arms: last.lifts.map((lift, arm) => (lift === null ? null : this.#armRecord(lift, arm))),
      units: last.tallies.map(tally => tally.units),
      missed: this.#missed,
      curve: this.#curve,
    }
  }

  #armRecord(lift: Lift, arm: number): ArmRecord {
    const { verdict, at, wasFalse } = this.#verdicts[arm] as { verdict: Verdict; at: number | null; wasFalse: boolean }
    const relativeWidth = lift.relative === null ? null : widthOf(lift.relative)
    return { verdict, verdictAt: at, wasFalse, width: widthOf(lift), relativeWidth }
  }

  /** The points that this look has reached: regret in between grows evenly. */
  #draw(look: Look): void {
    const [units, regret] = [this.#last?.units ?? 0, this.#last?.regret ?? 0]
    const widths = look.lifts.flatMap(lift => (lift === null ? [] : [widthOf(lift)]))
    const width = widths.includes(null)
      ? null
      : widths.reduce<number>((sum, each) => sum + (each ?? 0), 0) / widths.length
    for (let next = this.#nextPoint; next !== undefined && next <= look.units; next = this.#nextPoint) {
      const share = (next - units) / (look.units - units)
      this.#curve.push({ regret: regret + share * (look.regret - regret), width })
    }
  }

  get #nextPoint(): number | undefined {
    return this.#curveUnits[this.#curve.length]
  }
}

function widthOf({ lower, upper }: { lower: number | null; upper: number | null }): number | null {
  return lower === null || upper === null ? null : upper - lower
}
