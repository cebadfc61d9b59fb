// A definition as a person writes it: what makes one valid, and what is filled in. Pure: it judges
// and completes.
import type { Goal } from '../../stats/goal.ts'
import type { Fault } from '../errors.ts'
import { completeFeature, type FeatureInput, featureFaults, type ReadableFeature } from '../features/feature-input.ts'
import { formatWindow, type Metric, type MetricRole, parseWindow } from '../metrics/metric.ts'
import { hasRange, type MetricType, RANGED_TYPES } from '../metrics/registry.ts'
import type { Policy } from '../policies/policy.ts'
import {
  type ArmRoles,
  completePolicy,
  type PolicyInput,
  policyFaults,
  type ReadablePolicy,
} from '../policies/policy-input.ts'
import type { Definition, HarmResponse, Json } from './experiment.ts'
import { KEY_PATTERN, KEY_RULE } from './key.ts'
import { payloadFaults } from './payload.ts'

export interface ArmInput {
  readonly key: string
  readonly payload?: Json | undefined
  readonly retired?: boolean | undefined
}

export interface MetricInput {
  readonly key: string
  readonly type: MetricType
  readonly role?: MetricRole | undefined
  readonly goal?: Goal | undefined
  readonly window?: string | null | undefined
  readonly range?: readonly [number, number] | undefined
  readonly margin?: number | null | undefined
}

/** A definition as a person writes it: what has a default may be left out. */
export interface DefinitionInput {
  readonly key: string
  readonly description?: string | undefined
  readonly arms: readonly ArmInput[]
  readonly control?: string | undefined
  readonly metrics: readonly MetricInput[]
  readonly policy?: PolicyInput | undefined
  readonly features?: readonly FeatureInput[] | undefined
  readonly adjust?: boolean | undefined
  readonly alpha?: number | undefined
  readonly plannedUnits?: number | undefined
  readonly onHarm?: HarmResponse | null | undefined
  readonly minDuration?: string | null | undefined
}

/**
 * What of a value could be read. A field that is there and could not be read is null, which nobody
 * judges; so is an item of a list, which keeps its place.
 */
export type Readable<Fields> = { readonly [Field in keyof Fields]?: Fields[Field] | null | undefined }

export type ReadableArm = Readable<ArmInput>
export type ReadableMetric = Readable<MetricInput>

/** The parts of a definition that could be read. */
export type ReadableDefinition = Readable<Omit<DefinitionInput, 'arms' | 'metrics' | 'policy' | 'features'>> & {
  readonly arms?: readonly (ReadableArm | null)[] | null | undefined
  readonly metrics?: readonly (ReadableMetric | null)[] | null | undefined
  readonly policy?: ReadablePolicy | null | undefined
  readonly features?: readonly (ReadableFeature | null)[] | null | undefined
}

export const MIN_ARMS = 2
export const MAX_ARMS = 200
export const MAX_METRICS = 20
export const MAX_PAYLOAD_BYTES = 16 * 1024
export const MIN_PLANNED_UNITS = 1_000
export const DEFAULT_PLANNED_UNITS = 30_000
export const DEFAULT_ALPHA = 0.05

/**
 * Everything that is wrong with a definition beyond the shapes of its fields. Judges whatever parts
 * could be read, so that one answer names every fault, misspelt fields included. `kept`: see
 * `completePolicy`.
 */
export function definitionFaults(definition: ReadableDefinition, kept: Policy | null = null): Fault[] {
  const faults: Fault[] = []
  faults.push(...keyFault('key', definition.key))
  if (definition.arms != null) faults.push(...armFaults(definition.arms, definition.control))
  if (definition.metrics != null) faults.push(...metricFaults(definition.metrics))
  if (definition.alpha != null && !(definition.alpha >= 1e-6 && definition.alpha <= 0.5)) {
    faults.push({ path: 'alpha', message: 'must be between 0.000001 and 0.5; 0.05 is usual' })
  }
  const planned = definition.plannedUnits
  if (planned != null && !(Number.isSafeInteger(planned) && planned >= MIN_PLANNED_UNITS)) {
    faults.push({ path: 'plannedUnits', message: `must be a whole number of at least ${MIN_PLANNED_UNITS}` })
  }
  faults.push(...durationFaults('minDuration', definition.minDuration, '7d'))
  const { features } = definition
  if (features != null) faults.push(...featureFaults(features, definition.arms?.length ?? null))
  const hasFeatures = features === null ? null : features !== undefined && features.length > 0
  if (definition.adjust != null && hasFeatures === false) {
    faults.push({ path: 'adjust', message: 'needs features' })
  }
  faults.push(...policyFaults(definition.policy ?? undefined, readableRoles(definition), kept, hasFeatures))
  return faults
}

/** Fills in the defaults. The input must be without faults. `kept`: see `completePolicy`. */
export function completeDefinition(input: DefinitionInput, kept: Policy | null = null): Definition {
  const arms = input.arms.map(arm => ({ key: arm.key, payload: arm.payload ?? null, retired: arm.retired ?? false }))
  return {
    key: input.key,
    description: input.description ?? '',
    arms,
    control: input.control ?? (arms[0]?.key as string),
    metrics: input.metrics.map(completeMetric),
    policy: completePolicy(input.policy, rolesOf(input.arms, input.control), kept),
    ...(input.features !== undefined &&
      input.features.length > 0 && { features: input.features.map(completeFeature), adjust: input.adjust ?? true }),
    alpha: input.alpha ?? DEFAULT_ALPHA,
    plannedUnits: input.plannedUnits ?? DEFAULT_PLANNED_UNITS,
    ...(input.onHarm != null && { onHarm: input.onHarm }),
    ...(input.minDuration != null && { minDuration: shortestWriting(input.minDuration) }),
  }
}

function rolesOf(arms: readonly ArmInput[], control: string | undefined): ArmRoles {
  return {
    control: control ?? arms[0]?.key ?? '',
    active: arms.filter(arm => arm.retired !== true).map(arm => arm.key),
  }
}

/** Null where an arm or the control could not be read. */
function readableRoles({ arms, control }: ReadableDefinition): ArmRoles | null {
  if (arms == null || control === null) return null
  const known = arms.filter(arm => arm?.key != null && arm.retired !== null)
  return known.length < arms.length ? null : rolesOf(known as ArmInput[], control)
}

function keyFault(path: string, key: string | null | undefined): Fault[] {
  if (key == null) return []
  return KEY_PATTERN.test(key) ? [] : [{ path, message: `${JSON.stringify(key.slice(0, 80))} ${KEY_RULE}` }]
}

export function armCountFault(count: number): Fault {
  return { path: 'arms', message: `must be ${MIN_ARMS} to ${MAX_ARMS} arms, not ${count}` }
}

export function metricCountFault(count: number): Fault {
  return { path: 'metrics', message: `must be 1 to ${MAX_METRICS} metrics, not ${count}` }
}

function armFaults(arms: readonly (ReadableArm | null)[], control: string | null | undefined): Fault[] {
  const faults = duplicateFaults('arms', arms)
  if (arms.length < MIN_ARMS || arms.length > MAX_ARMS) faults.push(armCountFault(arms.length))
  for (const [position, arm] of arms.entries()) {
    if (arm === null) continue
    faults.push(...keyFault(`arms[${position}].key`, arm.key))
    const bytes = Buffer.byteLength(JSON.stringify(arm.payload ?? null))
    if (bytes > MAX_PAYLOAD_BYTES) {
      const message = `must be at most ${MAX_PAYLOAD_BYTES} bytes of JSON, not ${bytes}; keep large content elsewhere and its address here`
      faults.push({ path: `arms[${position}].payload`, message })
    }
  }
  faults.push(...payloadFaults(arms))
  if (control != null && arms.every(arm => arm?.key != null && arm.key !== control)) {
    faults.push({ path: 'control', message: `${JSON.stringify(control.slice(0, 80))} is not one of the arms` })
  }
  if (arms.length > 0 && arms.every(arm => arm?.retired === true)) {
    faults.push({ path: 'arms', message: 'at least one arm must not be retired; to end an experiment, stop it' })
  }
  return faults
}

function metricFaults(metrics: readonly (ReadableMetric | null)[]): Fault[] {
  const faults = duplicateFaults('metrics', metrics)
  if (metrics.length < 1 || metrics.length > MAX_METRICS) faults.push(metricCountFault(metrics.length))
  const primaries = metrics.filter(metric => metric?.role === 'primary').length
  const isUnread = metrics.some(metric => metric === null || metric.role === null)
  if (metrics.length > 0 && (primaries > 1 || (primaries === 0 && !isUnread))) {
    faults.push({ path: 'metrics', message: `exactly one metric must have "role": "primary", not ${primaries}` })
  }
  for (const [position, metric] of metrics.entries()) {
    if (metric !== null) faults.push(...oneMetricFaults(`metrics[${position}]`, metric))
  }
  return faults
}

function oneMetricFaults(path: string, metric: ReadableMetric): Fault[] {
  const faults = keyFault(`${path}.key`, metric.key)
  faults.push(...durationFaults(`${path}.window`, metric.window, '14d'), ...rangeFaults(path, metric))
  if (metric.margin != null && metric.role !== null && metric.role !== 'guardrail') {
    faults.push({ path: `${path}.margin`, message: 'belongs to a metric with "role": "guardrail" only' })
  }
  if (metric.margin != null && !(metric.margin >= 0)) {
    faults.push({ path: `${path}.margin`, message: "must be 0 or more, in the metric's own unit" })
  }
  return faults
}

function durationFaults(path: string, text: string | null | undefined, example: string): Fault[] {
  if (text == null || parseWindow(text) !== null) return []
  const rule = `must be a whole number and a unit of ms, s, m, h or d, as "${example}", and at most ten years`
  return [{ path, message: `${JSON.stringify(text.slice(0, 80))} ${rule}` }]
}

/** `336h` comes back as `14d`. */
function shortestWriting(duration: string): string {
  const durationMs = parseWindow(duration)
  return durationMs === null ? duration : formatWindow(durationMs)
}

function rangeFaults(path: string, metric: ReadableMetric): Fault[] {
  const { type, range } = metric
  if (range === null) return []
  if (type != null && !hasRange(type)) {
    if (range === undefined || (range[0] === 0 && range[1] === 1)) return []
    const message = `belongs to ${RANGED_TYPES.join(', ')} metrics; leave it out for a ${type} one`
    return [{ path: `${path}.range`, message }]
  }
  if (range === undefined) {
    if (type == null) return []
    const message = `is required for a ${type} metric: the smallest and the largest outcome of a unit, as [0, 500]`
    return [{ path: `${path}.range`, message }]
  }
  const largest = Math.max(-range[0], range[1])
  if (range[0] < range[1] && largest <= MAX_OUTCOME) {
    if (range[1] - range[0] >= Math.max(MIN_WIDTH, MIN_RELATIVE_WIDTH * largest)) return []
    const message = 'is too narrow for its size to tell outcomes apart; measure from another zero or in another unit'
    return [{ path: `${path}.range`, message }]
  }
  return [
    { path: `${path}.range`, message: `must be [lowest, highest] with lowest < highest, both within ±${MAX_OUTCOME}` },
  ]
}

/** Beyond this an outcome is a slip of the unit. */
const MAX_OUTCOME = 1e12

/**
 * Variances are told from sums of squares, which keep 16 digits: a range far from 0 for its width
 * would have none left.
 */
const MIN_RELATIVE_WIDTH = 1e-5
const MIN_WIDTH = 1e-9

function duplicateFaults(
  path: string,
  items: readonly ({ readonly key?: string | null | undefined } | null)[],
): Fault[] {
  const seen = new Set<string>()
  const faults: Fault[] = []
  for (const [position, item] of items.entries()) {
    if (item?.key == null) continue
    if (seen.has(item.key)) {
      faults.push({ path: `${path}[${position}].key`, message: `${JSON.stringify(item.key)} is there twice` })
    }
    seen.add(item.key)
  }
  return faults
}

function completeMetric(input: MetricInput): Metric {
  return {
    key: input.key,
    type: input.type,
    role: input.role ?? 'secondary',
    goal: input.goal ?? 'increase',
    window: input.window == null ? null : shortestWriting(input.window),
    range: input.range ?? [0, 1],
    margin: input.role === 'guardrail' ? (input.margin ?? 0) : null,
  }
}
