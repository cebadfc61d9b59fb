// What 0.2.0 changes for experiments that are running. Version 0.1.0 left a database and the
// answers that it gave; the present code serves the same file, and what differs is the release
// note. `vitest run tests/release -u` writes it anew.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../support/http/service.ts'

const NOTE = '../../docs/operate/upgrading.md'

interface Ends {
  readonly estimate: number | null
  readonly lower: number | null
  readonly upper: number | null
}

interface ArmJson {
  readonly arm: string
  readonly mean: number | null
  readonly propensity: number | null
  readonly probabilityBest: number | null
  readonly estimate: Omit<Ends, 'estimate'> & { readonly mean: number | null }
  readonly lift: { readonly absolute: Ends; readonly relative: Ends | null; readonly verdict: string } | null
}

interface ReportJson {
  readonly metric: { readonly range: readonly [number, number] }
  readonly arms: readonly ArmJson[]
  readonly policyLift: Ends
  readonly sampleRatio: { readonly eValue: number; readonly status: string }
  readonly recommendation: { readonly action: string; readonly arm: string | null; readonly why: string }
}

interface RecordedRequest {
  readonly what: string
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly path: string
  readonly type?: string
  readonly body?: string
  readonly origin?: string
  readonly status: number
}

interface Recording {
  readonly now: number
  readonly definitions: Readonly<Record<string, Record<string, unknown>>>
  readonly reports: Readonly<Record<string, ReportJson>>
  readonly requests: readonly RecordedRequest[]
}

/** What is worth knowing of each recorded experiment. */
const EXPERIMENTS = {
  checkout: 'a better arm, and a guardrail that is undecided',
  headlines: 'several arms are better than the control',
  cents: 'outcomes in cents, a range in dollars',
  young: '60 units in three arms',
  chosen: 'stopped, with a winner that a person chose',
  added: 'an arm was added, and a window of a day',
  revenue: 'continuous outcomes, one arm better',
} as const

const recording = JSON.parse(readFileSync(new URL('version-0.1.0.json', import.meta.url), 'utf8')) as Recording

let service: Service
const present = new Map<string, ReportJson>()

beforeAll(async () => {
  const database = gunzipSync(readFileSync(new URL('version-0.1.0.db.gz', import.meta.url)))
  service = await startService({ database, now: recording.now })
  for (const key of Object.keys(EXPERIMENTS)) {
    present.set(key, (await service.call('GET', `/experiments/${key}/report`)).body)
  }
})

afterAll(() => service?.close())

describe('a database of version 0.1.0', () => {
  it.each(Object.keys(EXPERIMENTS))(
    'keeps the definition of %s, and every count, mean, belief and share',
    async key => {
      const { body } = await service.call('GET', `/experiments/${key}`)
      expect(body).toMatchObject(recording.definitions[key] as object)
      const [before, now] = [recording.reports[key] as ReportJson, present.get(key) as ReportJson]
      const kept = ({ arm, mean, propensity }: ArmJson) => ({ arm, mean, propensity })
      expect(now.arms.map(kept)).toEqual(before.arms.map(kept))
      for (const [place, { probabilityBest }] of now.arms.entries()) {
        expect(probabilityBest).toBeCloseTo(before.arms[place]?.probabilityBest as number, 9)
      }
    },
  )

  it.each(Object.keys(EXPERIMENTS))('keeps every verdict of %s', key => {
    const verdicts = ({ arms }: ReportJson) => arms.map(({ lift }) => lift?.verdict)
    expect(verdicts(present.get(key) as ReportJson)).toEqual(verdicts(recording.reports[key] as ReportJson))
  })

  it('answers differently only where docs/operate/upgrading.md lists it', async () => {
    const statuses: number[] = []
    for (const { method, path, type, body, origin } of recording.requests) {
      const call = request(service.url)[method.toLowerCase() as 'get' | 'post' | 'options'](path)
      if (type !== undefined) call.set('content-type', type)
      if (origin !== undefined) call.set('origin', origin).set('access-control-request-method', 'POST')
      statuses.push((await (body === undefined ? call : call.send(body))).status)
    }
    await expect(note(statuses)).toMatchFileSnapshot(NOTE)
  })
})

function note(statuses: readonly number[]): string {
  const numbers = Object.entries(EXPERIMENTS).flatMap(([key, what]) => {
    const rows = changesOf(recording.reports[key] as ReportJson, present.get(key) as ReportJson)
    return rows.map(
      ([name, before, now], row) => `| ${row === 0 ? `${key}: ${what}` : ''} | ${name} | ${before} | ${now} |`,
    )
  })
  const answers = recording.requests.map(
    ({ what, method, path, status }, place) =>
      `| ${what} | \`${method} ${path}\` | ${status} | ${statuses[place]}${statuses[place] === status ? ' (unchanged)' : ''} |`,
  )
  return `# Upgrade from 0.1.0 to 0.2.0

A service that starts on a database of 0.1.0 migrates it, and running experiments continue.
Definitions, counts, means, beliefs, the shares of new units and all verdicts stay the same. A test
generates this page: it opens a database of 0.1.0 with seven experiments and compares the answers of
that version with the present ones.

New defaults (\`burnIn\`, exploration until the verdict) apply to new experiments only.

## Numbers and advice

| experiment | | 0.1.0 | now |
|---|---|---|---|
${numbers.join('\n')}

## Answers

| request | | 0.1.0 | now |
|---|---|--:|--:|
${answers.join('\n')}

The [changelog](../../CHANGELOG.md) lists everything that is refused only since 0.2.0.
`
}

type Row = readonly [name: string, before: string, now: string]

function changesOf(before: ReportJson, now: ReportJson): Row[] {
  const rows: Row[] = [['advice', advice(before), advice(now)]]
  for (const [place, arm] of now.arms.entries()) {
    const old = before.arms[place] as ArmJson
    rows.push([`mean of ${arm.arm}`, meanOf(old), meanOf(arm)])
    if (arm.lift === null || old.lift === null) continue
    rows.push([`lift of ${arm.arm}`, ends(old.lift.absolute), ends(arm.lift.absolute)])
    rows.push([`relative lift of ${arm.arm}`, ends(old.lift.relative), ends(arm.lift.relative)])
  }
  rows.push(['policy lift', ends(before.policyLift), ends(now.policyLift)])
  rows.push(['sample ratio', ratio(before), ratio(now)])
  return rows.filter(([, was, is]) => was !== is)
}

function advice({ recommendation: { action, arm, why } }: ReportJson): string {
  return `**${action}${arm === null ? '' : ` ${arm}`}**: ${why}`
}

function meanOf({ estimate: { mean, lower, upper } }: ArmJson): string {
  return ends({ estimate: mean, lower, upper })
}

function ends(interval: Ends | null): string {
  if (interval === null) return 'none'
  const { estimate, lower, upper } = interval
  return `${short(estimate)} (${short(lower)} … ${short(upper)})`
}

function ratio({ sampleRatio: { status, eValue } }: ReportJson): string {
  return `${status}, e = ${short(eValue)}`
}

function short(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(3)))
}
