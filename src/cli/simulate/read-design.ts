// The command line of pinwheel simulate as the design that POST /simulate takes: from a file, from
// options, or both.
import { readFileSync } from 'node:fs'
import { BanditError } from '../../bandit/errors.ts'
import { parseSimulation } from '../../http/input/simulation-schema.ts'
import type { SimulationDesign } from '../../simulation/design.ts'
import { Failure, UsageError } from '../terminal/failure.ts'

export const DESIGN_OPTIONS = {
  config: { type: 'string' },
  arms: { type: 'string' },
  control: { type: 'string' },
  goal: { type: 'string' },
  range: { type: 'string' },
  window: { type: 'string' },
  policy: { type: 'string' },
  exploration: { type: 'string' },
  'control-share': { type: 'string' },
  compare: { type: 'string', multiple: true },
  alpha: { type: 'string' },
  'planned-units': { type: 'string' },
  'units-per-day': { type: 'string' },
  days: { type: 'string' },
  runs: { type: 'string' },
  seed: { type: 'string' },
} as const

type Options = {
  readonly [Name in Exclude<keyof typeof DESIGN_OPTIONS, 'compare'>]?: string | undefined
} & { readonly compare?: readonly string[] | undefined }
type Fields = Readonly<Record<string, unknown>>

/** One of several policies that are compared, as it was written. */
export interface Choice {
  readonly name: string
  readonly design: SimulationDesign
}

/** Options override the file. @throws Failure that names every fault */
export function readDesign(options: Options): SimulationDesign {
  return designIn(options, policyFields(options))
}

/**
 * The same design under each policy of `--compare`. @throws Failure that names every fault, or that
 * two choices are the same
 */
export function readChoices(options: Options): Choice[] {
  const written = options.compare ?? []
  const alone = (['policy', 'exploration', 'control-share'] as const).find(name => options[name] !== undefined)
  if (alone !== undefined)
    throw new UsageError(`--${alone} cannot be used with --compare, which sets it for each choice`)
  const twice = written.find((name, place) => written.indexOf(name) < place)
  if (twice !== undefined) throw new UsageError(`--compare ${twice} is there twice`)
  return written.map(name => ({ name, design: designIn(options, policyOf(name)) }))
}

function designIn(options: Options, policy: Fields): SimulationDesign {
  const file = options.config === undefined ? {} : readConfig(options.config)
  if (options.arms === undefined && file.arms === undefined) {
    throw new UsageError('Name the arms: --arms control=0.10,mens=0.12, or a file with --config; see --help')
  }
  try {
    return parseSimulation({ ...file, ...designFields(options, policy, file) })
  } catch (error) {
    if (error instanceof BanditError) throw new Failure(error.message.replace('The request', 'The design'))
    throw error
  }
}

function designFields(options: Options, policy: Fields, file: Fields): Fields {
  const metric = defined({ goal: options.goal, window: options.window, range: options.range && rangeIn(options.range) })
  const isPolicy = Object.keys(policy).length > 0
  return defined({
    arms: options.arms === undefined ? undefined : armsIn(options.arms),
    control: options.control,
    metric: Object.keys(metric).length > 0 ? { ...(file.metric as Fields), ...metric } : undefined,
    policy: isPolicy ? { ...(options.compare === undefined && (file.policy as Fields)), ...policy } : undefined,
    alpha: numberIn(options.alpha, 'alpha'),
    plannedUnits: numberIn(options['planned-units'], 'planned-units'),
    unitsPerDay: numberIn(options['units-per-day'], 'units-per-day'),
    days: numberIn(options.days, 'days'),
    runs: numberIn(options.runs, 'runs'),
    seed: numberIn(options.seed, 'seed'),
  })
}

function policyFields(options: Options): Fields {
  return defined({
    type: options.policy,
    exploration: explorationIn(options.exploration, 'exploration'),
    controlShare: shareIn(options['control-share'], 'control-share'),
  })
}

/**
 * `thompson`, `thompson:0.1`, `thompson:0.5,0.1`, `uniform::0.3`: type, exploration, control share.
 * @throws Failure
 */
function policyOf(choice: string): Fields {
  const [type, exploration, controlShare, ...others] = choice.split(':')
  if (others.length > 0) throw new UsageError(`--compare must be POLICY:EXPLORATION:CONTROL-SHARE, not ${choice}`)
  return defined({
    type,
    exploration: explorationIn(exploration || undefined, 'compare'),
    controlShare: shareIn(controlShare || undefined, 'compare'),
  })
}

/** `0.1`; or `0.5,0.1`: until the verdict and after it. @throws Failure */
function explorationIn(text: string | undefined, option: string): number | Fields | undefined {
  if (!text?.includes(',')) return numberIn(text, option)
  const [untilVerdict, after, ...others] = text.split(',').map(share => numberIn(share, option))
  if (others.length > 0)
    throw new UsageError(`--${option} must be one share, or one until the verdict and one after it`)
  return { untilVerdict, after }
}

function shareIn(text: string | undefined, option: string): number | null | undefined {
  return text === 'none' ? null : numberIn(text, option)
}

const ARM = /^([^=,]+)=(?:([\d.e-]+)|(?:([\d.e-]+)\*)?([\d.e+-]+):([\d.e-]+))$/

/**
 * `control=0.1` is a rate, `control=50:5` a mean and a sd, `control=0.05*50:65` a share of buyers
 * with the mean and sd of what they pay. @throws Failure
 */
export function armsIn(text: string): Fields[] {
  return text.split(',').map(part => {
    const match = ARM.exec(part.trim())
    if (match === null) {
      throw new UsageError(`--arms has ${JSON.stringify(part)}; it must be key=rate, key=mean:sd, or key=rate*mean:sd`)
    }
    const [, key, rate, buyers, mean, sd] = match
    return defined({
      key,
      rate: numberIn(rate ?? buyers, 'arms'),
      mean: numberIn(mean, 'arms'),
      sd: numberIn(sd, 'arms'),
    })
  })
}

function rangeIn(text: string): number[] {
  const ends = text.split(',')
  if (ends.length !== 2) throw new UsageError(`--range must be lowest,highest, not ${JSON.stringify(text)}`)
  return ends.map(end => numberIn(end, 'range') as number)
}

function numberIn(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new UsageError(`--${option} must have numbers, not ${JSON.stringify(text)}`)
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function readConfig(path: string): Fields {
  try {
    const config: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Fields
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${(error as Error).message}`)
  }
  throw new Failure(`Cannot use ${path}: it must hold a JSON object`)
}
