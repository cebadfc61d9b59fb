// From the fields of the form to a definition as a person would write it in JSON. What is left
// empty is left out; what cannot be read goes on as text, so that the definition's own rules say
// what is wrong with it.

import { BanditError, type Fault } from '../../bandit/errors.ts'
import { FEATURE_TYPES } from '../../bandit/features/feature.ts'
import { hasRange, METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import { hasWeights, learns, POLICY_TYPES, readsContext } from '../../bandit/policies/registry.ts'
import type { CreateForm } from '../../views/html/create-page.ts'
import type { Fields } from '../../views/html/form-fields.ts'
import { parseJson } from '../middleware/body.ts'

const ARM_FIELDS = ['key', 'payload', 'weight'] as const
const METRIC_FIELDS = ['key', 'role', 'type', 'goal', 'window', 'range[0]', 'range[1]', 'margin'] as const
const FEATURE_FIELDS = ['key', 'type', 'range[0]', 'range[1]', 'scale', 'step', 'levels', 'buckets', 'segment'] as const
const TOP_FIELDS = [
  'key',
  'description',
  'policy.type',
  'policy.exploration',
  'policy.controlShare',
  'policy.shrinkage',
  'policy.halfLife',
  'adjust',
  'alpha',
  'plannedUnits',
  'minDuration',
] as const

const NEW_ARM: Fields = emptyFields(ARM_FIELDS)
const NEW_METRIC: Fields = { ...emptyFields(METRIC_FIELDS), role: 'secondary', type: METRIC_TYPES[0], goal: 'increase' }
const NEW_FEATURE: Fields = { ...emptyFields(FEATURE_FIELDS), type: FEATURE_TYPES[0], scale: 'linear', segment: 'no' }

/** As it is before anybody has written into it. */
export const BLANK_FORM: CreateForm = {
  top: { ...emptyFields(TOP_FIELDS), 'policy.type': POLICY_TYPES[0], adjust: 'yes' },
  arms: [{ ...NEW_ARM, key: 'control' }, NEW_ARM],
  metrics: [{ ...NEW_METRIC, role: 'primary' }],
  features: [],
}

const NEW_ROWS = { arm: NEW_ARM, metric: NEW_METRIC, feature: NEW_FEATURE }

/** More rows than any definition may have are not read. */
const MOST_ROWS = 201

/** @throws BanditError `invalid_request` for a body that is not the form */
export function readForm(value: unknown): { form: CreateForm; deed: string } {
  if (typeof value !== 'object' || value === null || Object.values(value).some(text => typeof text !== 'string')) {
    throw new BanditError('invalid_request', 'The request is not valid: the body must be the form of an experiment')
  }
  const fields = new Map(Object.entries(value as Record<string, string>))
  const list = (name: string, blank: Fields) =>
    Array.from({ length: rowsOf(fields, name) }, (_, place) => readFields(fields, blank, `${name}[${place}].`))
  return {
    form: {
      top: readFields(fields, BLANK_FORM.top, ''),
      arms: list('arms', NEW_ARM),
      metrics: list('metrics', NEW_METRIC),
      features: list('features', NEW_FEATURE),
    },
    deed: fields.get('do') ?? 'check',
  }
}

/** The form with a row more or less, and which field to go to; null for what is no such deed. */
export function reshaped(form: CreateForm, deed: string): { form: CreateForm; focus: string | null } | null {
  const [, verb, word = '', at = ''] = /^(add|remove)-(arm|metric|feature)(?:-(\d{1,3}))?$/.exec(deed) ?? []
  if (verb === undefined || (verb === 'add') !== (at === '')) return null
  const list = `${word as keyof typeof NEW_ROWS}s` as const
  const { length } = form[list]
  if (verb === 'add') {
    const rows = [...form[list], NEW_ROWS[word as keyof typeof NEW_ROWS]]
    return { form: { ...form, [list]: rows }, focus: `${list}[${length}].key` }
  }
  const place = Number(at)
  const focus = `${list}[${Math.max(0, place - 1)}].key`
  return { form: { ...form, [list]: form[list].toSpliced(place, 1) }, focus }
}

/** The definition that the form stands for, and what of it was no JSON. */
export function definitionIn({ top, arms, metrics, features }: CreateForm): {
  input: Record<string, unknown>
  faults: Fault[]
} {
  const faults: Fault[] = []
  const payloadIn = (text: string, place: number) => {
    try {
      return parseJson(text)
    } catch {
      faults.push({ path: `arms[${place}].payload`, message: 'must be JSON; text goes in quotes, as "m1"' })
      return undefined
    }
  }
  const input = {
    key: top.key,
    ...given({ description: top.description }),
    arms: arms.map(({ key, payload = '' }, place) => ({
      key,
      ...(payload !== '' && { payload: payloadIn(payload, place) }),
    })),
    metrics: metrics.map(metricIn),
    ...policyIn(top, arms),
    ...(features.length > 0 && { features: features.map(featureIn), ...(top.adjust === 'no' && { adjust: false }) }),
    ...given({ alpha: top.alpha, plannedUnits: top.plannedUnits }, numberIn),
    ...given({ minDuration: top.minDuration }),
  }
  return { input, faults }
}

function metricIn(metric: Fields): object {
  const { key, type, role, goal, window } = metric
  const [least = '', largest = ''] = [metric['range[0]'], metric['range[1]']]
  return {
    key,
    type,
    role,
    ...(goal !== 'increase' && { goal }),
    ...given({ window }),
    ...(hasRange(type) && (least !== '' || largest !== '') && { range: [numberIn(least), numberIn(largest)] }),
    ...(role === 'guardrail' && given({ margin: metric.margin }, numberIn)),
  }
}

function featureIn(feature: Fields): object {
  const { key, type, scale, step, levels = '', buckets, segment } = feature
  const [least = '', largest = ''] = [feature['range[0]'], feature['range[1]']]
  const isNumeric = type === 'numeric'
  return {
    key,
    type,
    ...(isNumeric && (least !== '' || largest !== '') && { range: [numberIn(least), numberIn(largest)] }),
    ...(isNumeric && scale !== 'linear' && { scale }),
    ...(isNumeric && given({ step }, numberIn)),
    ...(type === 'categorical' && levels.trim() !== '' && { levels: levels.split(',').map(level => level.trim()) }),
    ...(type === 'hashed' && given({ buckets }, numberIn)),
    ...(!isNumeric && segment === 'yes' && { segment: true }),
  }
}

/** Nothing for what is the default anyway. */
function policyIn(top: Fields, arms: readonly Fields[]): object {
  const type = top['policy.type']
  if (hasWeights(type)) {
    const weights = arms
      .filter(({ weight }) => weight !== '')
      .map(({ key = '', weight = '' }) => [key, numberIn(weight)])
    return { policy: { type, weights: Object.fromEntries(weights) } }
  }
  const more = {
    ...((learns(type) || readsContext(type)) && given({ exploration: top['policy.exploration'] }, explorationIn)),
    ...given({ controlShare: top['policy.controlShare'] }, numberIn),
    ...(readsContext(type) && given({ shrinkage: top['policy.shrinkage'] }, numberIn)),
    ...(readsContext(type) && given({ halfLife: top['policy.halfLife'] })),
  }
  return type === POLICY_TYPES[0] && Object.keys(more).length === 0 ? {} : { policy: { type, ...more } }
}

/** `0.1`; or `0.5, 0.1`: until every arm has a verdict, and after that. */
function explorationIn(text: string): unknown {
  const [untilVerdict = '', after, ...others] = text.split(',')
  if (after === undefined || others.length > 0) return numberIn(text)
  return { untilVerdict: numberIn(untilVerdict), after: numberIn(after) }
}

function given(fields: Readonly<Record<string, string | undefined>>, read: (text: string) => unknown = text => text) {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, text = '']) => (text.trim() === '' ? [] : [[name, read(text)]])),
  )
}

function numberIn(text: string): unknown {
  const number = Number(text.trim())
  return text.trim() === '' || !Number.isFinite(number) ? text : number
}

function rowsOf(fields: ReadonlyMap<string, string>, name: string): number {
  let rows = 0
  while (rows < MOST_ROWS && fields.has(`${name}[${rows}].key`)) rows++
  return rows
}

function readFields(fields: ReadonlyMap<string, string>, blank: Fields, prefix: string): Fields {
  return Object.fromEntries(Object.keys(blank).map(name => [name, fields.get(prefix + name) ?? blank[name] ?? '']))
}

function emptyFields(names: readonly string[]): Fields {
  return Object.fromEntries(names.map(name => [name, '']))
}
