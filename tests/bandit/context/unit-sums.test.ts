import { describe, expect, it } from 'vitest'
import { decodeSums } from '../../../src/bandit/context/read-sums.ts'
import type { BatchSums } from '../../../src/bandit/context/scored-ledger.ts'
import { ExperimentScoring } from '../../../src/bandit/context/scoring.ts'
import { type FrozenSnapshot, parseRule, ruleText } from '../../../src/bandit/context/snapshot-rule.ts'
import { newUnitSums, type UnitRule } from '../../../src/bandit/context/unit-sums.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { freezeSnapshot } from '../../../src/stats/context/freeze-snapshot.ts'
import { Predictions } from '../../../src/stats/context/predictions.ts'
import type { RowValues } from '../../../src/stats/context/score-row.ts'
import type { UnitSums } from '../../../src/store/port.ts'
import { momentsOf } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

const DEFINITION: Definition = completeDefinition({
  key: 'emails',
  arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens', retired: true }, { key: 'both' }],
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'spent', type: 'continuous', range: [5, 50] },
  ],
  policy: { type: 'contextual' },
  features: [
    { key: 'world', type: 'categorical', levels: ['men', 'women'], segment: true },
    { key: 'recency', type: 'numeric', range: [0, 10] },
  ],
})

/** A rule that was learned from made-up units, in which nothing is the same for two arms. */
function frozenOf(): FrozenSnapshot {
  const { features = [] } = DEFINITION
  const random = seededRandom(41)
  const dimension = 6
  const units = Array.from({ length: 400 }, (_, place) => {
    const arm = [0, 1, 3][place % 3] as number
    const world = Math.floor(3 * random())
    const x = [1, 0, 0, 0, 2 * random() - 1, 0].map((entry, column) => (column === world + 1 ? 1 : entry))
    return [arm, x, random() < 0.3 + 0.2 * (world - 1) * (arm - 1) ? 1 : 0] as const
  })
  const moments = momentsOf(units, 4, dimension)
  const zeros = () => new Float64Array(4)
  const row: RowValues = {
    units: 400,
    armUnits: Float64Array.of(134, 133, 0, 133),
    scores: zeros(),
    squares: zeros(),
    products: zeros(),
    inverses: Float64Array.of(1200, 1200, 0, 1200),
    propensities: Float64Array.of(134, 133, 0, 133),
    propensitySquares: zeros(),
  }
  const closed = {
    snapshot: 1,
    isMature: true,
    ageMs: 0,
    row,
    contexts: moments.map(({ xx }) => xx),
    outcomes: [moments, moments],
    policyRows: [null, null],
    segments: [],
  }
  const frozen = freezeSnapshot([closed], {
    goal: 'increase',
    exploration: 0.1,
    reserved: { arm: 0, share: 0.2 },
    active: [true, true, false, true],
    ranges: [
      [0, 1],
      [5, 50],
    ],
    primary: 0,
    propensities: null,
    emptyContext: Float64Array.of(1, 0, 0, 1, 0, 1),
    shrinkage: 1,
    halfLifeMs: null,
    warmStart: null,
    isAdjusted: true,
    segmentCount: 3,
  })
  return { features, propensities: [0.2, 0.4, null, 0.4], ...frozen }
}

const RULE = ruleText(frozenOf())

interface Unit {
  readonly arm: number
  readonly propensity: number
  readonly context: string | null
  /** By metric, one after the other. */
  readonly totals: readonly (readonly number[])[]
}

function unitsOf(count: number, seed: number): Unit[] {
  const random = seededRandom(seed)
  const rule = parseRule(RULE)
  return Array.from({ length: count }, (_, place) => {
    const kept = [[0, 1, null][place % 3] as number | null, random() < 0.2 ? null : 10 * random()]
    const context = place % 10 === 0 ? null : JSON.stringify(kept)
    const arm = [0, 1, 3][Math.floor(3 * random())] as number
    const propensity = rule.propensitiesAt(rule.read(context).x)[arm] as number
    const visits = random() < 0.5 ? [] : [1, 2]
    return { arm, propensity, context, totals: [visits, [20 * random(), 70 * random(), -3, 30 * random()]] }
  })
}

function scoring(): ExperimentScoring {
  const own = new ExperimentScoring(DEFINITION)
  own.give(2, RULE)
  return own
}

/** Every unit assigned, and then moved from total to total. */
function sumsOf(units: readonly Unit[], totalsOf = ({ totals }: Unit) => totals): UnitSums {
  const sums = scoring().newSums(2)
  for (const unit of units) {
    sums.addUnit(unit)
    totalsOf(unit).forEach((totals, metric) => {
      totals.forEach((total, place) => {
        sums.moveUnit(unit, metric, totals[place - 1] ?? 0, total)
      })
    })
  }
  return sums
}

const HEAD = { number: 2, propensities: [0.2, 0.4, null, 0.4] }

function decoded(...all: readonly UnitSums[]): BatchSums {
  const stored = all.flatMap(sums => sums.parts.map(part => ({ snapshot: 2, part, sums: sums.merged(part, null) })))
  return decodeSums(DEFINITION, HEAD, stored)
}

describe('newUnitSums()', () => {
  const units = unitsOf(300, 42)

  it('is the same to the last bit whether a unit goes to its total at once or by detours', () => {
    const atOnce = sumsOf(units, ({ totals }) => totals.map(all => all.slice(-1)))
    expect(decoded(sumsOf(units))).toEqual(decoded(atOnce))
  })

  it('has no trace of rewards that were taken back', () => {
    const back = sumsOf(units, ({ totals }) => totals.map(all => [...all, 0]))
    const never = sumsOf(units, ({ totals }) => totals.map(() => []))
    expect(decoded(back)).toEqual(decoded(never))
  })

  it('does not depend on the order of units', () => {
    expect(decoded(sumsOf(units.toReversed()))).toEqual(decoded(sumsOf(units)))
  })

  it('is the same in one transaction, in several, and by several writers', () => {
    const parts = [units.slice(0, 90), units.slice(90, 100), units.slice(100)].map(own => sumsOf(own))
    const whole = decoded(sumsOf(units))
    expect(decoded(...parts)).toEqual(whole)
    const stored = new Map<string, Uint8Array>()
    for (const sums of parts) {
      for (const part of sums.parts) stored.set(part, sums.merged(part, stored.get(part) ?? null))
    }
    expect(
      decodeSums(
        DEFINITION,
        HEAD,
        [...stored].map(([part, sums]) => ({ snapshot: 2, part, sums })),
      ),
    ).toEqual(whole)
  })

  it('counts each unit in its arm and in one segment, and none in an arm that is not active', () => {
    const { rows, contexts, segments, policyRows } = decoded(sumsOf(units))
    const counts = [0, 1, 2, 3].map(arm => units.filter(unit => unit.arm === arm).length)
    expect([...(rows[0]?.armUnits ?? [])]).toEqual(counts)
    expect(contexts.map(xx => xx[0])).toEqual(counts)
    expect(segments.map(({ row }) => row.units)).toEqual([90, 90, 120])
    expect(policyRows.map(row => row?.units)).toEqual([300, 300])
    expect(rows[0]?.inverses[2]).toBe(0)
  })

  it('has in the policy row what follows from the arms’ rows where propensities are the same for all', () => {
    const shares = [0.2, 0.3, 0, 0.5]
    const constant = { ...frozenOf(), rule: null, propensities: [0.2, 0.3, null, 0.5] }
    const own = new ExperimentScoring(DEFINITION)
    own.give(2, ruleText(constant))
    const sums = own.newSums(2)
    for (const unit of units) {
      const drawn = { ...unit, propensity: shares[unit.arm] as number }
      sums.addUnit(drawn)
      sums.moveUnit(drawn, 0, 0, unit.totals[0]?.at(-1) ?? 0)
    }
    const { rows, policyRows } = decoded(sums)
    const [predictions] = parseRule(RULE).predictions as [Predictions]
    const meanOf = (arm: number) =>
      predictions.isActive(arm) ? (rows[0]?.scores[arm] as number) + 300 * predictions.level(arm) : 0
    const earned = shares.reduce((sum, share, arm) => sum + share * meanOf(arm), 0) - meanOf(0)
    expect(policyRows[0]?.score).toBeCloseTo(earned, 9)
  })

  it('names the parts to which something was added', () => {
    const [unit] = units as [Unit]
    const sums = scoring().newSums(2)
    expect(sums.parts).toEqual([])
    sums.moveUnit(unit, 0, 1, 2)
    expect(sums.parts).toEqual([])
    sums.moveUnit(unit, 0, 0, 1)
    expect(sums.parts).toEqual(['outcomes'])
    sums.addUnit(unit)
    expect(sums.parts).toEqual(['contexts', 'outcomes'])
  })

  it('refuses sums of another shape', () => {
    const sums = sumsOf(units.slice(0, 2))
    expect(() => sums.merged('outcomes', sums.merged('contexts', null))).toThrow(RangeError)
    expect(() => sums.merged('contexts', new Uint8Array(8))).toThrow(RangeError)
  })
})

interface GoldenBatch {
  readonly units: readonly (readonly [arm: number, x: readonly number[], propensities: readonly number[], y: number])[]
}

interface Nuisance {
  readonly mean: number
  readonly slopes: readonly number[]
  readonly centre: readonly number[]
  readonly mu: number
  readonly sigma2: number
  readonly low: number
  readonly high: number
}

type GoldenRow = Readonly<Record<'F' | 'G' | 'X' | 'U' | 'P' | 'PP' | 'n', readonly number[]>>

/** Units as they are golden: with an x and propensities that no feature made. */
function goldenRule(batch: GoldenBatch, nuisances: readonly Nuisance[]): UnitRule {
  const [{ low, high }] = nuisances as readonly [Nuisance]
  const arms = nuisances.map(({ mean, slopes, centre, mu, sigma2 }) => ({
    mean,
    slopes,
    centre,
    level: mu,
    variance: sigma2,
  }))
  const propensities = new Map<Float64Array, Float64Array>()
  return {
    armCount: arms.length,
    dimension: batch.units[0]?.[1].length ?? 1,
    segmentCount: 3,
    predictions: [new Predictions({ ends: [low, high], arms })],
    isActive: () => true,
    read: context => {
      const [, own, shares] = batch.units[Number(context)] as GoldenBatch['units'][number]
      const x = Float64Array.from(own)
      propensities.set(x, Float64Array.from(shares))
      return { x, segments: [(x[1] as number) < 0 ? 0 : 1] }
    },
    propensitiesAt: x => propensities.get(x) as Float64Array,
  }
}

function goldenSums(batch: GoldenBatch, nuisances: readonly Nuisance[], range: readonly [number, number]): BatchSums {
  const isBinary = range[0] === 0 && range[1] === 1
  const definition = completeDefinition({
    key: 'golden',
    arms: nuisances.map((_, arm) => ({ key: `a${arm}` })),
    metrics: [{ key: 'm', role: 'primary', ...(isBinary ? { type: 'binary' } : { type: 'continuous', range }) }],
    features: [{ key: 'first', type: 'boolean', segment: true }],
  })
  const rule = goldenRule(batch, nuisances)
  const sums = newUnitSums(rule, { metrics: definition.metrics, primary: 0, control: 0 })
  batch.units.forEach(([arm, , propensities, y], place) => {
    const unit = { arm, propensity: propensities[arm] as number, context: String(place) }
    sums.addUnit(unit)
    sums.moveUnit(unit, 0, 0, y)
  })
  const head = { number: 1, propensities: nuisances.map(() => 0.1) }
  return decodeSums(
    definition,
    head,
    sums.parts.map(part => ({ snapshot: 1, part, sums: sums.merged(part, null) })),
  )
}

function expectRow(row: RowValues | undefined, golden: GoldenRow, where: string): void {
  golden.F.forEach((_, arm) => {
    expectGolden(row?.scores[arm], golden.F[arm], `${where}, F of arm ${arm}`)
    expectGolden(row?.squares[arm], golden.G[arm], `${where}, G of arm ${arm}`)
    expectGolden(row?.products[arm], golden.X[arm], `${where}, X of arm ${arm}`)
    expectGolden(row?.inverses[arm], golden.U[arm], `${where}, U of arm ${arm}`)
    expectGolden(row?.propensities[arm], golden.P[arm], `${where}, P of arm ${arm}`)
    expectGolden(row?.propensitySquares[arm], golden.PP[arm], `${where}, PP of arm ${arm}`)
    expect(row?.armUnits[arm]).toBe(golden.n[arm])
  })
}

describe('the sums of golden units', () => {
  const scores = readGolden<{
    cases: readonly {
      name: string
      range: [number, number]
      batches: (GoldenBatch & { expected: { nuisances: Nuisance[]; row: { arms: GoldenRow } } })[]
    }[]
  }>('context/scores').cases

  it.each(scores)('have the golden rows and moments: $name', ({ range, batches }) => {
    for (const [place, batch] of batches.entries()) {
      const { nuisances, row } = batch.expected
      const sums = goldenSums(batch, nuisances, range)
      expectRow(sums.rows[0], row.arms, `batch ${place}`)
      const moments = momentsOf(
        batch.units.map(([arm, x, , y]) => [arm, x, y]),
        nuisances.length,
        batch.units[0]?.[1].length ?? 1,
      )
      expect(sums.contexts).toEqual(moments.map(({ xx }) => xx))
      expect(sums.outcomes[0]).toEqual(moments.map(({ xy, yy }) => ({ xy, yy })))
    }
  })

  const segments = readGolden<{
    batches: (GoldenBatch & { nuisances: Nuisance[] })[]
    segments: { level: string; expected: { rows: GoldenRow[]; units: number[] } }[]
  }>('context/segments')

  it.each(segments.segments)('have the golden rows of the segment $level', ({ level, expected }) => {
    for (const [place, batch] of segments.batches.entries()) {
      const own = goldenSums(batch, batch.nuisances, [0, 1]).segments[level === 'x1=-1' ? 0 : 1]
      expectRow(own?.row, expected.rows[place] as GoldenRow, `batch ${place}`)
      expect(own?.row.units).toBe(expected.units[place])
      expect(own?.tallies.reduce((sum, { units }) => sum + units, 0)).toBe(expected.units[place])
    }
  })
})
