// The command line: what both scripts understand, and how a person hears of a slip.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { PolicyType } from '../../src/bandit/policy.ts'
import { Failure } from './failure.ts'

export const SERVICE_OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  name: { type: 'string' },
  policy: { type: 'string', default: 'thompson' },
  seed: { type: 'string' },
  'in-flight': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsOptionsConfig

export const SERVICE_HELP = `  --url URL        where the service listens (http://127.0.0.1:8080)
  --key KEY        a key with the scopes assign, reward, read and admin, if the service asks for one
  --name NAME      the experiment's key; another name makes another replay, the same one goes on with it
  --policy POLICY  thompson (default), exploration, or uniform
  --in-flight N    units asked for at once`

const POLICIES = ['thompson', 'exploration', 'uniform'] as const satisfies readonly PolicyType[]

/** The arguments by their names. @throws Failure for one that is not known */
export function readArguments<const Options extends ParseArgsOptionsConfig>(options: Options) {
  try {
    return parseArgs({ options, allowPositionals: true, strict: true })
  } catch (error) {
    const [sentence] = (error as Error).message.split(/[.\n]/, 1)
    throw new Failure(`${sentence}; --help tells what there is`)
  }
}

/** @throws Failure */
export function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new Failure(`--url must be an address like http://127.0.0.1:8080, not ${JSON.stringify(text)}`)
}

/** @throws Failure */
export function policyOf(text: string): PolicyType {
  const policy = POLICIES.find(known => known === text)
  if (policy !== undefined) return policy
  throw new Failure(`--policy must be one of ${POLICIES.join(', ')}, not ${JSON.stringify(text)}`)
}

/** A whole number of at least `least`, or null where the option is not given. @throws Failure */
export function wholeNumberOf(text: string | undefined, option: string, least: number): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new Failure(`--${option} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`)
}
