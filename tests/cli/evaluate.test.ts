// npx --no pinwheel evaluate on what the service exports, as it is exported.
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDecisions } from '../../src/cli/evaluate/log-file.ts'
import { valueLog } from '../../src/stats/off-policy/off-policy.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'
import { seededRandom } from '../support/samples/random.ts'
import { scratchFolder } from '../support/scratch.ts'

const pinwheel = new URL('../../bin/pinwheel.js', import.meta.url).pathname
const ARMS = ['control', 'mens', 'womens']
const RATES = [0.1, 0.6, 0.3]

let folder: string
let service: Service
/** The decisions in the order in which they were taken. */
const taken: { unit: string; arm: number; propensity: number; visit: number; spend: number }[] = []

async function evaluate(...args: string[]): Promise<{ code: number; out: string; told: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [pinwheel, 'evaluate', ...args], {
      cwd: folder,
    })
    return { code: 0, out: stdout, told: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, told: stderr }
  }
}

/** The expected value, from the decisions in the order that `sort` gives them. */
function expected(outcome: 'visit' | 'spend', range: [number, number], decisions = taken) {
  const rows = decisions.map(({ arm, propensity, ...outcomes }) => ({ arm, propensity, reward: outcomes[outcome] }))
  return valueLog(rows, { target: [0, 1, 0], range, alpha: 0.05, plannedUnits: 30_000 })
}

beforeAll(async () => {
  folder = scratchFolder()
  service = await startService()
  await startExperiment(service, {
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
    ],
  })
  const random = seededRandom(15)
  // The export is in the order of the units' names, which is not the order of their decisions.
  for (let number = 0; number < 600; number++) {
    const unit = `u-${(number * 7_919) % 600}`
    const { body } = await service.call('POST', '/assign', { experiment: 'spring-email', unit })
    const arm = ARMS.indexOf(body.arm)
    const visit = random() < (RATES[arm] ?? 0) ? 1 : 0
    const spend = visit * Math.round(random() * 400)
    if (visit === 1) {
      const events = [{ unit, metric: 'visit' }, ...(spend > 0 ? [{ unit, metric: 'spend', value: spend }] : [])]
      await service.call('POST', '/rewards', events)
    }
    taken.push({ unit, arm, propensity: body.propensity, visit, spend })
    await service.advance(500)
  }
  for (const face of ['csv', 'ndjson']) {
    const { text } = await service.call('GET', `/experiments/spring-email/assignments.${face}`)
    writeFileSync(join(folder, `assignments.${face}`), text)
  }
}, 60_000)

afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

describe.each(['csv', 'ndjson'])('npx --no pinwheel evaluate on assignments.%s', face => {
  const file = `assignments.${face}`

  it('values a single arm, in time order', async () => {
    const { code, out, told } = await evaluate(file, '--reward', 'visit', '--target', 'mens', '--json')
    expect(told).toBe('')
    expect(code).toBe(0)
    const [value, want] = [JSON.parse(out), expected('visit', [0, 1])]
    expect(want.status).toBe('valued')
    expect(value).toEqual(JSON.parse(JSON.stringify(want)))
    // The control: the order of the export gives another interval.
    const asExported = taken.toSorted((one, other) => (one.unit < other.unit ? -1 : 1))
    expect(value).not.toEqual(JSON.parse(JSON.stringify(expected('visit', [0, 1], asExported))))
  })

  it('values another metric by its name', async () => {
    const { out } = await evaluate(file, '--reward', 'spend', '--range', '0,500', '--target', 'mens', '--json')
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(expected('spend', [0, 500]))))
  })

  it('asks for the metric when there are several', async () => {
    const { code, told } = await evaluate(file)
    expect(code).toBe(2)
    expect(told).toBe('Name the metric to evaluate with --reward: visit, spend\n')
  })
})

describe('npx --no pinwheel evaluate with an invalid target', () => {
  const told = async (arms: readonly string[]) => {
    const rows = arms.map(arm => `1,${arm},0.5`)
    writeFileSync(join(folder, 'arms.csv'), ['click,item_id,propensity_score', ...rows, ''].join('\n'))
    return (await evaluate('arms.csv', '--target', 'newest')).told
  }

  it('lists all of a few arms, and of many the number of the others', async () => {
    expect(await told(['old', 'new'])).toBe(
      '--target must be uniform, an arm of the log (old, new), or weights as JSON\n',
    )
    expect(await told(['a', 'b', 'c', 'd', 'e'])).toContain('an arm of the log (a, b, c and 2 others)')
  })
})

describe('readDecisions()', () => {
  async function decisionsIn(name: string, text: string, columns = {}) {
    writeFileSync(join(folder, name), text)
    const decisions = []
    for await (const decision of readDecisions(join(folder, name), columns)) decisions.push(decision)
    return decisions
  }

  it('takes the only metric of an export, even one with the name of another column', async () => {
    const csv = 'unit,arm,propensity,snapshot,assignedAt,arm\r\n"a,b",mens,0.5,1,2026-01-05T12:00:00.000Z,1\r\n'
    const decision = { arm: 'mens', propensity: 0.5, reward: 1, at: Date.UTC(2026, 0, 5, 12) }
    expect(await decisionsIn('one.csv', csv)).toEqual([decision])
    const line =
      '{"unit":"a","arm":"mens","propensity":0.5,"snapshot":1,"assignedAt":"2026-01-05T12:00:00.000Z","outcomes":{"arm":1}}\n'
    expect(await decisionsIn('one.ndjson', line)).toEqual([decision])
  })

  it('reads any other log by the names of its columns, in its own order', async () => {
    const decisions = [
      { arm: 'b', propensity: 0.25, reward: 0, at: null },
      { arm: 'a', propensity: null, reward: 1, at: null },
    ]
    expect(await decisionsIn('bandit.csv', 'click,item_id,propensity_score\n0,b,0.25\n1,a,\n')).toEqual(decisions)
    const named = { arm: 'which', propensity: 'p', reward: 'y' }
    const lines = '{"which": "b", "p": 0.25, "y": 0}\n\n{"which": "a", "p": null, "y": 1}\n'
    expect(await decisionsIn('named.jsonl', lines, named)).toEqual(decisions)
  })

  it.each([
    ['no-column.csv', 'a,b\n1,2\n', 'it has no column item_id, propensity_score, click; it has a, b'],
    ['no-reward.csv', 'click,item_id,propensity_score\n,b,0.25\n', 'the reward of row 1 is ""'],
    ['no-number.csv', 'click,item_id,propensity_score\nx,b,0.25\n', 'the reward of row 1 is "x"'],
    ['no-json.ndjson', '{"arm": \n', 'Cannot evaluate'],
    ['no-object.ndjson', '7\n', 'must be a JSON object'],
  ])('refuses %s', async (name, text, message) => {
    await expect(decisionsIn(name, text)).rejects.toThrow(message)
  })

  it('refuses a file that is not there', async () => {
    for (const name of ['nothing.csv', 'nothing.ndjson']) {
      await expect(readDecisions(join(folder, name), {}).next()).rejects.toThrow('ENOENT')
    }
  })
})
