// Mushrooms over HTTP (Schlimmer 1987, UCI): eat it or skip it, with its odour and three other
// features as the context. An edible one is worth 5; a poisonous one 5 or −35, as a coin falls; a
// skipped one 0. Without contexts nothing can be learned but to skip most.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { startService } from '../support/http/service.ts'
import { DATA_FOLDER, hasPublishedData } from '../support/samples/published-data.ts'

const isThere = hasPublishedData()
const UNITS = 8_000
const CALL = 50

/** Columns of the file: their places and the values that occur. */
const FEATURES = [
  { key: 'bruises', place: 4, levels: ['t', 'f'] },
  { key: 'odor', place: 5, levels: ['a', 'l', 'c', 'y', 'f', 'm', 'n', 'p', 's'] },
  { key: 'gill-size', place: 8, levels: ['b', 'n'] },
  { key: 'stalk-shape', place: 10, levels: ['e', 't'] },
]

function readRows(): string[][] {
  const text = readFileSync(`${DATA_FOLDER}/mushroom/agaricus-lepiota.data`, 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => line.split(','))
}

/** Mean reward of a mushroom, and the report's policy lift. */
async function pick(policy: 'contextual' | 'thompson', seed: number) {
  const service = await startService({ salt: `mushroom ${seed}` })
  try {
    const chance = seededChance(seed)
    const rows = readRows()
    const features = FEATURES.map(({ key, levels }) => ({ key, type: 'categorical', levels }))
    await service.call('POST', '/experiments', {
      key: 'mushroom',
      arms: [{ key: 'skip' }, { key: 'eat' }],
      metrics: [{ key: 'reward', type: 'continuous', role: 'primary', range: [-35, 5] }],
      policy: { type: policy, exploration: 0.1 },
      ...(policy === 'contextual' && { features }),
    })
    await service.call('POST', '/experiments/mushroom/start')
    let total = 0
    for (let from = 0; from < UNITS; from += CALL) {
      const picked = Array.from({ length: CALL }, () => rows[Math.floor(chance() * rows.length)] as string[])
      const units = picked.map((row, place) => ({
        unit: `m-${from + place}`,
        context: Object.fromEntries(FEATURES.map(feature => [feature.key, row[feature.place]])),
      }))
      const { body } = await service.call('POST', '/assign/batch', { experiment: 'mushroom', units })
      const rewards = body.assignments.flatMap(({ unit, arm }: { unit: string; arm: string }, place: number) => {
        const isBad = picked[place]?.[0] === 'p' && chance() < 0.5
        return arm === 'eat' ? [{ unit, metric: 'reward', value: isBad ? -35 : 5 }] : []
      })
      for (const { value } of rewards) total += value
      if (rewards.length > 0) await service.call('POST', '/rewards', rewards)
      await service.advance(1_000)
    }
    const { body: report } = await service.call('GET', '/experiments/mushroom/report')
    return { mean: total / UNITS, policyLift: report.policyLift, arms: report.arms, context: report.context }
  } finally {
    await service.close()
  }
}

describe.skipIf(!isThere)('mushrooms', () => {
  it('are eaten where their context says that they are edible', async () => {
    const { mean, policyLift, arms, context } = await pick('contextual', 1)
    expect(mean).toBeGreaterThan(1.7)
    expect(policyLift.lower).toBeGreaterThan(1.5)
    // For all of them eating is bad: 5 × 0.518 − 15 × 0.482 = −4.64.
    const { lift } = arms[1]
    expect(lift.verdict).toBe('worse')
    expect(lift.absolute.lower).toBeLessThan(-4.64)
    expect(lift.absolute.upper).toBeGreaterThan(-4.64)
    expect(context.coefficients.eat).toBeDefined()
  })

  it('(control) are mostly skipped without contexts', async () => {
    const { mean } = await pick('thompson', 1)
    expect(mean).toBeLessThan(0.2)
  })
})
