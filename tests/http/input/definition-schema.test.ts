// What the document says of a definition, held against what the service takes: an editor must never
// complain of what is valid.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BanditError } from '../../../src/bandit/errors.ts'
import { experimentFileSchema } from '../../../src/http/input/experiment-file.ts'
import { parseDefinition } from '../../../src/http/input/parse-definition.ts'
import { SchemaJudge } from '../../support/http/json-schema.ts'

const schema = experimentFileSchema()
const judge = new SchemaJudge((schema.$defs ?? {}) as Record<string, unknown>, { allowsMore: false })

/** A field of a definition: mostly good, so that what is wrong stands alone. */
const mostly = (good: readonly unknown[], bad: readonly unknown[]) =>
  fc.oneof({ weight: 24, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) })
const some = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]) =>
  fc.record(fields, { requiredKeys })

const primary = some(
  {
    key: mostly(['m', '0', 'a.b_c-9', 'x'.repeat(64)], ['M', '', '-', 'x'.repeat(65), 5]),
    type: mostly(['binary'], ['continuous', 'ratio']),
    role: mostly(['primary'], ['secondary', 'guardrail', 'main']),
    goal: mostly(['increase', 'decrease'], ['up']),
    window: mostly(['14d', '1ms', '500ms', null], ['999999999d', '0d', '1w', '14', 5]),
    range: mostly([[0, 1]], [[0, 500], [0], [1, 0]]),
    margin: mostly([null], [0, -1, 'x']),
  },
  ['key', 'type', 'role'],
)
const other = some(
  {
    key: mostly(['spend'], ['m', 'Spend']),
    type: mostly(['continuous'], ['binary']),
    role: mostly(['secondary', 'guardrail'], ['primary']),
    range: mostly(
      [
        [-5, 5],
        [0, 1e12],
      ],
      [
        [5, -5],
        ['a', 'b'],
        [0, 1, 2],
      ],
    ),
  },
  ['key', 'type', 'range'],
)
const policy = some(
  {
    type: mostly(['thompson', 'exploration'], ['uniform', 'fixed', 'greedy']),
    exploration: mostly([0.002, 0.1, 1], [0, -1, 1.1, 'x']),
    controlShare: mostly([0.001, 0.2, 0.999, null], [0, 1, 2, 'x']),
    prior: some({ alpha: mostly([0.01, 1e6], [0, 1e7]), beta: mostly([1], [null]) }, []),
  },
  ['type'],
)
const feature = fc.oneof(
  some(
    {
      key: mostly(['n'], ['N']),
      type: mostly(['numeric'], ['boolean', 'text']),
      range: mostly([[0, 1]], [[1, 0], [0], 'x']),
      scale: mostly(['linear', 'log'], ['square']),
      step: mostly([0.5, null], [0, 2, 'x']),
    },
    ['key', 'type', 'range'],
  ),
  some(
    {
      key: mostly(['c'], ['C']),
      type: mostly(['categorical'], ['numeric', 'hashed']),
      levels: mostly([['web'], ['a', 'b']], [[], ['a', 'a'], [1], 'web']),
      segment: mostly([true, false], ['yes']),
      retired: mostly([false], [1]),
    },
    ['key', 'type', 'levels'],
  ),
  some(
    {
      key: mostly(['h'], ['']),
      type: mostly(['hashed'], ['boolean']),
      buckets: mostly([2, 3, 4], [1, 33, 2.5, '4']),
    },
    ['key', 'type'],
  ),
)
const arms = [{ key: 'a' }, { key: 'b', payload: [1], retired: false }]
const fixed = { type: 'fixed', weights: { a: 0.999, b: 0.001 } }
const definitions = some(
  {
    key: mostly(['a', 'x'.repeat(64)], ['A', 'x'.repeat(65)]),
    description: mostly(['', 'x'.repeat(2_000)], ['x'.repeat(2_001), 5]),
    arms: mostly([arms], [[{ key: 'a' }], [...arms, { key: 'c', colour: 1 }], [...arms, { key: 'a' }]]),
    control: mostly(['a', 'b'], ['c', '', 5]),
    metrics: fc.oneof(fc.tuple(primary), fc.tuple(primary, other)),
    policy: fc.oneof({ weight: 5, arbitrary: policy }, { weight: 1, arbitrary: fc.constant(fixed) }),
    alpha: mostly([0.05, 1e-6, 0.5], [0, 0.51, 1e-7]),
    plannedUnits: mostly([1_000, 30_000, 1e9], [999, 1_000.5, -1]),
    features: fc.array(feature, { maxLength: 2 }),
  },
  ['key', 'arms', 'metrics'],
)

function isTaken(definition: unknown): boolean {
  try {
    parseDefinition(definition)
    return true
  } catch (error) {
    if (error instanceof BanditError) return false
    throw error
  }
}

describe('the schema of a definition', () => {
  it('refuses nothing that the service takes, and most of what it refuses', () => {
    const counts = { taken: 0, refusedByBoth: 0, refusedByServiceOnly: 0 }
    const check = fc.property(definitions, definition => {
      const faults = judge.faults(schema, definition)
      if (isTaken(definition)) {
        expect(faults, JSON.stringify(definition)).toEqual([])
        counts.taken += 1
      } else counts[faults.length > 0 ? 'refusedByBoth' : 'refusedByServiceOnly'] += 1
    })
    fc.assert(check, { numRuns: 800, seed: 20_260_105 })
    expect(counts.taken).toBeGreaterThan(200)
    expect(counts.refusedByBoth).toBeGreaterThan(counts.refusedByServiceOnly)
  })
})
