// The attacks at a reduced size, against a service of its own. CPU and memory are judged,
// generously; waits are not, since other work on this machine makes everybody wait.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attack, brokenBounds, type Measured, rowOf } from '../../scripts/attack/attack.ts'
import { type OwnService, startAttacked } from '../../scripts/attack/attacked-service.ts'
import { ATTACKS } from '../../scripts/attack/attacks/all.ts'
import { prepareExperiments } from '../../scripts/attack/experiments.ts'
import { runAttacks } from '../../scripts/attack/run-attacks.ts'
import { Stage } from '../../scripts/attack/stage.ts'

const BOUNDS = { smallSeconds: 1, largeSeconds: 4, waitMs: Number.POSITIVE_INFINITY, growthMB: 150 }

function attacksNamed(...names: readonly string[]): Attack[] {
  return names.map(name => ATTACKS.find(attack => attack.name === name) as Attack)
}

describe('npm run attack', () => {
  let service: OwnService

  beforeAll(async () => {
    service = await startAttacked(1)
    await prepareExperiments(new Stage(service.url, service.keys), {
      smallExperiments: 20,
      wideArms: 40,
      wideMetrics: 5,
      wideUnits: 2_000,
    })
  }, 120_000)

  afterAll(async () => {
    expect(await service.end()).toBe(0)
  })

  it('finds nothing beyond the bounds', { timeout: 240_000 }, async () => {
    const attacks = attacksNamed(
      'pipeline',
      'pipeline-asset',
      'brotli-depth',
      'brotli-metrics',
      'brotli-zeros',
      'unknown-fields',
      'wide-reports',
      'json-depth',
      'json-items',
      'form-ands',
      'lines-zeros',
      'batch-left',
      'plan-unknown',
      'metrics',
    )
    const all = await runAttacks(service, attacks, BOUNDS, () => {})
    for (const measured of all) {
      expect(brokenBounds(measured, BOUNDS), rowOf(measured, [])).toEqual([])
    }
    expect(service.told()).not.toContain('request failed')
  })

  it('finds out what does cost something', { timeout: 120_000 }, async () => {
    const [simulated] = await runAttacks(service, attacksNamed('simulate'), BOUNDS, () => {})
    expect(simulated?.cpuSeconds).toBeGreaterThan(0.1)
  })
})

describe('brokenBounds()', () => {
  const measured: Measured = {
    attack: { name: 'a', what: 'b', run: async () => {} },
    messages: 10,
    bytes: 999,
    cpuSeconds: 2,
    beforeMB: 100,
    peakMB: 900,
    afterMB: 200,
    longestWaitMs: 520,
    calmWaitMs: 20,
    assigned: 1,
    assignedAfter: 1,
    statuses: {},
  }
  const bounds = { smallSeconds: 0.2, largeSeconds: 1, waitMs: 500, growthMB: 100 }

  it('names nothing at the bounds themselves', () => {
    expect(brokenBounds(measured, bounds)).toEqual([])
    expect(brokenBounds({ ...measured, bytes: 1_000, cpuSeconds: 10 }, bounds)).toEqual([])
    expect(brokenBounds({ ...measured, bytes: 3e6, cpuSeconds: 30 }, bounds)).toEqual([])
  })

  it.each<[string, Partial<Measured>]>([
    ['0.21 s of CPU a message, allowed 0.20', { cpuSeconds: 2.1 }],
    ['1.10 s of CPU a message, allowed 1.00', { bytes: 1_000, cpuSeconds: 11 }],
    ['3.10 s of CPU a message, allowed 3.00', { bytes: 3e6, cpuSeconds: 31 }],
    ['/assign waits 521 ms', { longestWaitMs: 521 }],
    ['/assign is not answered', { assigned: 0 }],
    ['/assign is not answered afterwards', { assignedAfter: 0 }],
    ['keeps 101 MB', { afterMB: 201 }],
  ])('names %s', (told, change) => {
    expect(brokenBounds({ ...measured, ...change }, bounds)).toEqual([told])
  })

  it('does not judge the CPU of what is meant to compute', () => {
    const attack = { ...measured.attack, isComputation: true }
    expect(brokenBounds({ ...measured, attack, cpuSeconds: 100 }, bounds)).toEqual([])
  })
})
