// Seeded lives of experiments with features: whatever is declared, sent and changed, the books of
// it are clean.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { BanditError } from '../../../src/bandit/errors.ts'
import { applyDefinition, retireArm, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
} from '../../../src/bandit/experiment/definition-input.ts'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { keepLeftOut } from '../../../src/bandit/experiment/keep-left-out.ts'
import type { Feature } from '../../../src/bandit/features/feature.ts'
import type { FeatureInput } from '../../../src/bandit/features/feature-input.ts'
import type { PolicyInput } from '../../../src/bandit/policies/policy-input.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { openStore } from '../../../src/store/open.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { scratchFolder } from '../../support/scratch.ts'

class Life {
  readonly random: () => number
  #features = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  below(count: number): number {
    return Math.floor(count * this.random())
  }

  one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  feature(canHaveSegments: boolean): FeatureInput {
    const key = `f${this.#features++}`
    const segment = canHaveSegments && this.random() < 0.5
    switch (this.below(4)) {
      case 0:
        return { key, type: 'boolean', segment }
      case 1:
        return { key, type: 'categorical', levels: ['a', 'b', 'c'].slice(this.below(3)), segment }
      case 2:
        return { key, type: 'hashed', buckets: 2 + this.below(4), segment }
      default: {
        const lo = this.one([-5, 0, 2])
        const step = this.one([null, 0.5])
        return { key, type: 'numeric', range: [lo, lo + 10], scale: this.one(['linear', 'log']), step }
      }
    }
  }

  policy(): PolicyInput {
    const controlShare = this.one([undefined, null, 0.3])
    const type = this.one(['contextual', 'contextual', 'contextual', 'thompson', 'uniform'] as const)
    if (type !== 'contextual') return { type, controlShare }
    return { type, controlShare, shrinkage: this.one([null, 1, 512]), halfLife: this.one([null, '1m']) }
  }

  definition(): DefinitionInput {
    const goal = this.one(['increase', 'decrease'] as const)
    const window = this.one([null, '10s', '1h'])
    const isBinary = this.random() < 0.5
    const primary = isBinary ? ({ type: 'binary' } as const) : ({ type: 'continuous', range: [3, 40] } as const)
    return {
      key: 'life',
      arms: Array.from({ length: 2 + this.below(4) }, (_, arm) => ({ key: `arm-${arm}` })),
      metrics: [
        { key: 'first', role: 'primary', goal, window, ...primary },
        { key: 'second', type: 'continuous', range: [-10, 10], window: this.one([null, '20s']) },
      ],
      features: Array.from({ length: 1 + this.below(4) }, () => this.feature(true)),
      policy: this.policy(),
      ...(this.random() < 0.2 && { adjust: false }),
    }
  }

  context(features: readonly Feature[]): unknown {
    if (this.random() < 0.05) return this.one([null, 'text', 7, [], undefined])
    return Object.fromEntries(
      features.flatMap(({ key, type }) => {
        if (this.random() < 0.15) return []
        if (this.random() < 0.1) return [[key, this.one<unknown>([null, 'x', 1e9, {}, -0])]]
        const values = { numeric: 12 * this.random() - 5, boolean: this.random() < 0.5 } as const
        const texts = { categorical: this.one(['a', 'b', 'c', 'd']), hashed: `t${this.below(30)}` } as const
        return [[key, { ...values, ...texts }[type]]]
      }),
    )
  }
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('books are clean after life %i', async seed => {
  const folder = scratchFolder()
  const life = new Life(seed)
  const store = await openStore(`sqlite:${join(folder, 'x.db')}`)
  const fresh = async () => ({ store, catalogue: await Catalogue.load(store) })
  let deps = await fresh()
  let now = 1_000_000
  const request = () => ({ actor: 'test', now, salt: `salt ${seed}` })
  const input = life.definition()
  expect(definitionFaults(input)).toEqual([])
  await applyDefinition(deps, 'life', () => completeDefinition(input), request())
  await setStatus(deps, 'life', 'running', request())
  const change = (changes: (kept: Definition) => Partial<DefinitionInput>) => {
    const define = (kept: Definition | null): Definition => {
      const whole = keepLeftOut(changes(kept as Definition), kept as Definition)
      const faults = definitionFaults(whole, kept?.policy)
      if (faults.length > 0) throw new BanditError('invalid_request', JSON.stringify(faults), faults)
      return completeDefinition(whole as DefinitionInput, kept?.policy)
    }
    return applyDefinition(deps, 'life', define, request())
  }
  for (let round = 0; round < 25; round++) {
    const { features = [] } = deps.catalogue.get('life').experiment.definition
    const arriving = Array.from({ length: 30 }, () => {
      const unit = `u${life.below(round * 25 + 30)}`
      return life.random() < 0.1 ? unit : { unit, context: life.context(features) }
    })
    const assigned = await assign(deps, 'life', arriving, now)
    const rewards = assigned.flatMap(({ unit }) =>
      Array.from({ length: life.below(3) }, () => ({
        unit,
        metric: life.one(['first', 'second']),
        value: life.one([1, -1, 60, 30 * life.random(), -20 * life.random()]),
        ...(life.random() < 0.3 && { id: `${unit} ${life.below(3)}` }),
      })),
    )
    now += life.below(2_000)
    await recordRewards(deps, rewards, now)
    now += life.below(3_000)
    for (const one of await refreshSnapshots(deps, now)) if ('error' in one) throw one.error
    switch (life.below(12)) {
      case 0:
        await change(() => ({ policy: life.policy() }))
        break
      case 1:
        if (features.length < 6) await change(() => ({ features: [...features, life.feature(false)] }))
        break
      case 2:
        await change(() => ({ features: features.map((each, at) => (at === 0 ? { ...each, retired: true } : each)) }))
        break
      case 3:
        await change(({ arms }) => ({ arms: [...arms, { key: `arm-${arms.length}` }] }))
        break
      case 4:
        if (round > 10) await retireArm(deps, 'life', 'arm-1', request())
        break
      case 5:
        deps = await fresh()
        break
      case 6:
        await setStatus(deps, 'life', 'paused', request())
    }
    if (life.random() < 0.8) await setStatus(deps, 'life', 'running', request())
  }
  const books = await verify(deps, deps.catalogue.get('life').experiment)
  expect(books.discrepancies).toEqual([])
  expect(books.contexts).toMatchObject({ draws: books.units, uncheckedDraws: 0, uncheckedSums: 0 })
  expect(books.units).toBeGreaterThan(100)
  await store.close()
  rmSync(folder, { recursive: true })
})
