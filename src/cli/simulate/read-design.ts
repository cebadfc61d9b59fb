// The design of pinwheel simulate, as POST /simulate takes it: from a file, from options, or both.
import { readFileSync } from 'node:fs'
import { BanditError } from '../../bandit/errors.ts'
import { parseSimulation } from '../../http/input/simulation-schema.ts'
import type { SimulationDesign } from '../../simulation/design.ts'
import { numberOf, rangeOf } from '../terminal/arguments.ts'
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

/** One of several policies that are compared; `name`: as it was written. */
export interface Choice {
  readonly name: string
  readonly design: SimulationDesign
}

/** Options override the file. @throws Failure that names every fault */
export function readDesign(options: Options): SimulationDesign {
  const { policy, exploration, 'control-share': controlShare } = options
  return designIn(options, policyFields([policy, exploration, controlShare], ['exploration', 'control-share']))
}

/**
 * The same design under each policy of `--compare`: `thompson`, `thompson:0.1`, `thompson:0.5,0.1`,
 * `uniform::0.3`: type, exploration, control share. @throws Failure that names every fault, or that
 * two choices are the same
 */
export function readChoices(options: Options): Choice[] {
  const written = options.compare ?? []
  const alone = (['policy', 'exploration', 'control-share'] as const).find(name => options[name] !== undefined)
  if (alone !== undefined) throw new UsageError(`--${alone} cannot go with --compare, which sets it for each choice`)
  const twice = written.find((name, place) => written.indexOf(name) < place)
  if (twice !== undefined) throw new UsageError(`--compare ${twice} is there twice`)
  return written.map(name => {
    const [type, exploration, controlShare, ...others] = name.split(':')
    if (others.length > 0) throw new UsageError(`--compare must be POLICY:EXPLORATION:CONTROL-SHARE, not ${name}`)
    const texts = [type, exploration || undefined, controlShare || undefined]
    return { name, design: designIn(options, policyFields(texts, ['compare', 'compare'])) }
  })
}

/** `names`: the options that have the last two texts. */
function policyFields(
  [type, exploration, controlShare]: readonly (string | undefined)[],
  names: readonly [string, string],
): Fields {
  return defined({
    type,
    exploration: explorationIn(exploration, names[0]),
    controlShare: controlShare === 'none' ? null : numberIn(controlShare, names[1]),
  })
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

/** The options that are numbers, and the fields of the design that they set. */
const NUMBERS = {
  alpha: 'alpha',
  'planned-units': 'plannedUnits',
  'units-per-day': 'unitsPerDay',
  days: 'days',
  runs: 'runs',
  seed: 'seed',
} as const

function designFields(options: Options, policy: Fields, file: Fields): Fields {
  const { goal, window } = options
  const metric = defined({ goal, window, range: options.range && rangeOf(options.range, 'range') })
  const numbers = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).map(
    option => [NUMBERS[option], numberIn(options[option], option)] as const,
  )
  const isPolicy = Object.keys(policy).length > 0
  return defined({
    arms: options.arms === undefined ? undefined : armsIn(options.arms),
    control: options.control,
    metric: Object.keys(metric).length > 0 ? { ...(file.metric as Fields), ...metric } : undefined,
    policy: isPolicy ? { ...(options.compare === undefined && (file.policy as Fields)), ...policy } : undefined,
    ...Object.fromEntries(numbers),
  })
}

/** `0.1`; or `0.5,0.1`: until the verdict and after it. @throws UsageError */
function explorationIn(text: string | undefined, option: string): number | Fields | undefined {
  if (!text?.includes(',')) return numberIn(text, option)
  const [untilVerdict, after, ...others] = text.split(',').map(share => numberIn(share, option))
  if (others.length > 0)
    throw new UsageError(`--${option} must be one share, or one until the verdict and one after it`)
  return { untilVerdict, after }
}

const ARM = /^([^=,]+)=(?:([\d.e-]+)|(?:([\d.e-]+)\*)?([\d.e+-]+):([\d.e-]+))$/

/**
 * `control=0.1` is a rate, `control=50:5` a mean and a sd, `control=0.05*50:65` a share of buyers
 * with the mean and sd of their amounts. @throws UsageError
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

function numberIn(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : numberOf(text, option)
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
