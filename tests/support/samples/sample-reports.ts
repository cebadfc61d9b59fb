// Reports for the tests of their faces: typical ones, awkward ones, and random ones from a seed.
// The numbers are made up.
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { judgeGuardrail } from '../../../src/bandit/metrics/guardrail.ts'
import type { ArmReport, Report } from '../../../src/bandit/report/report-data.ts'
import { ACTIONS } from '../../../src/bandit/report/report-data.ts'
import type { ReportInput } from '../../../src/bandit/report/report-input.ts'
import { partsOf } from '../../../src/bandit/report/sections/registry.ts'
import { storedLedger } from './stored-ledger.ts'

type Lift = NonNullable<ArmReport['lift']>
type Span = readonly [estimate: number | null, lower: number | null, upper: number | null]

const STARTED_AT = Date.UTC(2026, 10, 1, 9)
const GENERATED_AT = Date.UTC(2026, 10, 22, 10, 5)
const UNKNOWN = [null, null, null] as const

export const VISIT: Report['metric'] = {
  key: 'visit',
  type: 'binary',
  role: 'primary',
  goal: 'increase',
  range: [0, 1],
  window: '14d',
  margin: null,
}

export const SPEND: Report['metric'] = { ...VISIT, key: 'spend', type: 'continuous', range: [0, 500], window: null }

export const UNSUBSCRIBE: Report['metric'] = {
  ...VISIT,
  key: 'unsubscribe',
  role: 'guardrail',
  goal: 'decrease',
  margin: 0.01,
}

/** A lift as the bandit would judge it; the relative one by hand. */
export function liftOf(
  [estimate, lower, upper]: Span,
  more: Partial<Lift> & { relativeSpan?: Span | null; goal?: 'increase' | 'decrease' } = {},
): Lift {
  const { relativeSpan = null, goal = 'increase', ...rest } = more
  const level = rest.level ?? 0.95
  const side = lower !== null && lower > 0 ? 'increase' : upper !== null && upper < 0 ? 'decrease' : null
  const verdict = side === null ? 'undecided' : side === goal ? 'better' : 'worse'
  const halfWidth = upper !== null && lower !== null ? (upper - lower) / 2 : null
  const logEValue = estimate === null || halfWidth === null ? 0 : 3 * ((2 * estimate) / halfWidth) ** 2 - 4
  return {
    estimate,
    rawEstimate: estimate,
    lower,
    upper,
    level,
    units: 1000,
    batches: 10,
    logEValue,
    eValue: Math.exp(logEValue),
    pValue: Math.min(1, Math.exp(-logEValue)),
    verdict,
    sufficientUnits: null,
    relative:
      relativeSpan === null
        ? null
        : {
            estimate: relativeSpan[0],
            rawEstimate: relativeSpan[0],
            lower: relativeSpan[1],
            upper: relativeSpan[2],
            level,
          },
    ...rest,
  }
}

export function armReport(arm: string, facts: Partial<ArmReport> = {}): ArmReport {
  return {
    arm,
    isControl: false,
    status: 'active',
    units: 0,
    immatureUnits: 0,
    clippedUnits: { above: 0, below: 0 },
    successes: null,
    sum: 0,
    mean: null,
    posterior: null,
    probabilityBest: null,
    probabilityBeatsControl: null,
    expectedLoss: null,
    propensity: null,
    estimate: { mean: null, rawEstimate: null, lower: null, upper: null, sufficientUnits: null },
    lift: facts.isControl ? null : liftOf(UNKNOWN),
    ...facts,
  }
}

/** Facts of an arm of a binary metric. */
export function binaryArm(arm: string, units: number, successes: number, facts: Partial<ArmReport> = {}): ArmReport {
  const mean = units === 0 ? null : successes / units
  const rate = mean ?? 0.5
  const error = Math.sqrt((rate * (1 - rate) + 0.01) / (units + 2))
  return armReport(arm, {
    units,
    successes,
    sum: successes,
    mean,
    posterior: { mean: rate, lower: Math.max(0, rate - 1.96 * error), upper: Math.min(1, rate + 1.96 * error) },
    estimate:
      units === 0
        ? { mean: null, rawEstimate: null, lower: null, upper: null, sufficientUnits: null }
        : {
            mean,
            rawEstimate: mean,
            lower: Math.max(0, rate - 3.4 * error),
            upper: Math.min(1, rate + 3.4 * error),
            sufficientUnits: null,
          },
    ...facts,
  })
}

export function sampleReport(facts: Partial<Report> = {}): Report {
  const { arms = threeArms(), ...rest } = facts
  return {
    experiment: 'spring-email',
    description: 'Which e-mail brings people back to the shop within two weeks?',
    status: 'running',
    version: 3,
    winner: null,
    generatedAt: GENERATED_AT,
    startedAt: STARTED_AT,
    metric: VISIT,
    control: arms.find(({ isControl }) => isControl)?.arm ?? 'control',
    units: arms.reduce((sum, { units }) => sum + units, 0),
    immatureUnits: 0,
    snapshots: 212,
    alpha: 0.05,
    arms,
    policyLift: {
      from: 2,
      estimate: 0.0613,
      rawEstimate: 0.0613,
      lower: 0.0552,
      upper: 0.0674,
      level: 0.95,
      units: 64_000,
      batches: 212,
      logEValue: 210,
      eValue: Math.exp(210),
      pValue: Math.exp(-210),
    },
    sampleRatio: { logEValue: Math.log(0.4), eValue: 0.4, pValue: 1, logEValues: [], status: 'ok' },
    guardrails: [
      judgeGuardrail(UNSUBSCRIBE, 'mens', liftOf([0.0012, -0.0009, 0.0033])),
      judgeGuardrail(UNSUBSCRIBE, 'womens', liftOf([0.0054, -0.0021, 0.0129])),
    ],
    clippings: [],
    missing: [],
    silence: null,
    minDuration: null,
    pairs: [],
    recommendation: {
      action: 'ship',
      arm: 'mens',
      arms: ['mens'],
      why: 'The whole interval of mens’s lift in visit lies above 0, with 95 % confidence at every look; womens is better than control too.',
    },
    parts: partsOf(sampleInput(), GENERATED_AT),
    notes: ['womens was added in snapshot 12: the joint guarantee over all arms holds from there on.'],
    ...rest,
  }
}

/** With a history, for the sections that rest on what was read. */
function sampleInput(): ReportInput {
  const definition = completeDefinition({
    key: 'spring-email',
    arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
  })
  const state = { status: 'running', version: 2, winner: null, stoppedAt: null } as const
  const times = { createdAt: STARTED_AT, startedAt: STARTED_AT }
  const change = { at: STARTED_AT, actor: 'admin', reason: null } as const
  return {
    experiment: { id: 1, definition, salt: 'salt', ...state, ...times },
    metric: VISIT,
    stored: storedLedger([{ units: [10, 10, 10], createdAt: STARTED_AT }]),
    sums: [],
    guardrails: [],
    changes: [
      { ...change, version: 1, action: 'created', changes: [] },
      {
        ...change,
        version: 2,
        action: 'changed',
        actor: HOSTILE,
        reason: HOSTILE,
        changes: [
          { path: `arms.${HOSTILE}`, after: { key: HOSTILE } },
          { path: 'policy.weights', before: { a: 1 } },
        ],
      },
    ],
  }
}

function threeArms(): ArmReport[] {
  return [
    binaryArm('control', 11_284, 1_199, {
      isControl: true,
      lift: null,
      probabilityBest: 1e-9,
      expectedLoss: 0.0764,
      propensity: 0.2,
    }),
    binaryArm('mens', 41_210, 7_530, {
      probabilityBest: 0.99999,
      probabilityBeatsControl: 1,
      expectedLoss: 4e-7,
      propensity: 0.7467,
      lift: liftOf([0.0766, 0.068, 0.0851], { level: 0.975, relativeSpan: [0.7212, 0.6104, 0.8391] }),
    }),
    binaryArm('womens', 11_506, 1_736, {
      probabilityBest: 0.00001,
      probabilityBeatsControl: 0.99998,
      expectedLoss: 0.0318,
      propensity: 0.0533,
      lift: liftOf([0.0447, 0.031, 0.0585], { level: 0.975, relativeSpan: [0.4207, 0.271, 0.5903] }),
    }),
  ]
}

/** Arms `arm-01` … over a control, lifts around zero, the second half with fewer units. */
export function manyArms(
  count: number,
  random: () => number,
  nameOf = (n: number) => `arm-${String(n).padStart(2, '0')}`,
) {
  const level = 1 - 0.05 / (count - 1)
  return Array.from({ length: count }, (_, position): ArmReport => {
    const units = Math.round(2_000 + 40_000 * random() ** 3)
    const lift = (random() - 0.45) * 0.06
    const halfWidth = 4.2 * Math.sqrt(0.1 / units + 0.1 / 12_000)
    const isControl = position === 0
    const share = { probabilityBest: random() / count, propensity: 1 / count, expectedLoss: 0.02 * random() }
    const span = [lift, lift - halfWidth, lift + halfWidth] as const
    const relativeSpan = [lift * 9, (lift - halfWidth) * 8, (lift + halfWidth) * 11] as const
    return binaryArm(nameOf(position), units, Math.round(units * (0.11 + lift)), {
      ...share,
      isControl,
      probabilityBeatsControl: isControl ? null : random(),
      lift: isControl ? null : liftOf(span, { level, relativeSpan }),
    })
  })
}

/**
 * A key of 64 characters, the most there may be; keys of different numbers differ near the end
 * only.
 */
export function longKey(number: number): string {
  return `personalised-subject-line-with-discount-${String(number).padStart(3, '0')}-evening-send-v2.x`.slice(0, 64)
}

/** An experiment before its first unit. */
export function emptyReport(facts: Partial<Report> = {}): Report {
  const none = { ...liftOf([null, null, null]), units: 0, batches: 0 }
  return sampleReport({
    status: 'draft',
    version: 1,
    startedAt: null,
    snapshots: 0,
    arms: ['control', 'mens', 'womens'].map((arm, position) =>
      armReport(arm, {
        isControl: position === 0,
        successes: 0,
        probabilityBest: 1 / 3,
        lift: position === 0 ? null : none,
      }),
    ),
    policyLift: { ...none, from: null },
    sampleRatio: { logEValue: 0, eValue: 1, pValue: 1, logEValues: [], status: 'ok' },
    guardrails: [],
    recommendation: { action: 'continue', arm: null, arms: [], why: 'No unit has been assigned yet.' },
    notes: ['The experiment has not been started: everybody gets the control, and nothing is kept.'],
    ...facts,
  })
}

/** Anything that may come: huge, tiny and absent numbers, long keys, hostile prose. */
export function randomReport(random: () => number): Report {
  const pick = <T>(...choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T
  const count = 2 + Math.floor(random() * 12)
  const binary = random() < 0.5
  const scale = binary ? 1 : 10 ** (random() * 24 - 10)
  const goal = pick('increase', 'decrease')
  const maybe = <T>(value: T) => (random() < 0.15 ? null : value)
  const span = (middle: number): Span => {
    if (random() < 0.1) return UNKNOWN
    const halfWidth = scale * 10 ** (random() * 6 - 5)
    return [middle, maybe(middle - halfWidth), maybe(middle + halfWidth)]
  }
  const interval = (middle: number) => {
    const [mean, lower, upper] = span(middle)
    return { mean, lower, upper }
  }
  const randomLift = (lift: Lift): Lift =>
    lift.verdict === 'undecided' && random() < 0.1 ? { ...lift, sufficientUnits: 1_234 } : lift
  const keyLength = pick(3, 12, 64)
  const arms = Array.from({ length: count }, (_, position): ArmReport => {
    const mean = random() * scale
    const units = Math.floor(10 ** (random() * 14) - 1)
    const key = `${'abcdefgh-'.repeat(8).slice(0, keyLength - 2)}${String(position).padStart(2, '0')}`
    const logEValue = random() * 2000 - 10
    const evidence = { logEValue, eValue: Math.exp(logEValue), pValue: Math.min(1, Math.exp(-logEValue)) }
    const relativeSpan = maybe(span((random() - 0.5) * 10 ** (random() * 6)))
    return armReport(key, {
      isControl: position === 0,
      status: position > 0 && random() < 0.1 ? 'retired' : 'active',
      units,
      clippedUnits: { above: Math.floor(units * random() ** 9), below: 0 },
      successes: binary ? Math.floor(units * random()) : null,
      mean: maybe(mean),
      posterior: maybe(interval(mean)),
      estimate: { ...interval(mean), rawEstimate: mean, sufficientUnits: pick(null, null, 230) },
      probabilityBest: maybe(pick(0, 1, random(), 1e-12, 1 - 1e-12)),
      probabilityBeatsControl: maybe(random()),
      expectedLoss: maybe(random() * scale * 10 ** (-random() * 12)),
      propensity: maybe(random()),
      lift:
        position === 0
          ? null
          : randomLift(
              liftOf(span((random() - 0.5) * scale), { goal, relativeSpan, level: 1 - 0.05 / count, ...evidence }),
            ),
    })
  })
  const guardrail: Report['metric'] = {
    ...(binary ? UNSUBSCRIBE : { ...SPEND, role: 'guardrail' }),
    goal: pick('increase', 'decrease'),
    margin: pick(0, 0.01, scale * 10 ** (random() * 8 - 7)),
  }
  return sampleReport({
    description: pick('', 'One line.', HOSTILE, 'word '.repeat(90), 'x'.repeat(350)),
    status: pick('draft', 'running', 'paused', 'stopped'),
    metric: { ...(binary ? VISIT : SPEND), goal, window: pick(null, '14d') },
    immatureUnits: pick(0, 1, 17_000),
    arms,
    alpha: pick(0.05, 0.1, 1e-6, 0.5),
    sampleRatio: {
      logEValue: random() * 30 - 5,
      eValue: 1,
      pValue: random(),
      logEValues: [],
      status: pick('ok', 'warning', 'alarm'),
    },
    guardrails: arms.flatMap(({ arm, lift }) => (lift === null ? [] : [judgeGuardrail(guardrail, arm, lift)])),
    recommendation: maybe({
      action: pick(...ACTIONS),
      arm: null,
      arms: pick(
        [],
        [arms[1]?.arm ?? ''],
        arms.map(({ arm }) => arm),
      ),
      why: HOSTILE,
    }),
    notes: pick([], [HOSTILE, 'A note. '.repeat(40)]),
  })
}

/** Markup, quotes, and what a terminal would obey. */
export const HOSTILE = `<script>alert("1")</script> & 'quotes' \u001b[31mred\u001b[0m \u202eback\u202c\r\nanother line \ud800 ]]> --> ${'long'.repeat(40)}`
