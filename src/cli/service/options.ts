// The options of commands that send requests to a service.
import { EVEN_TYPES, LEARNING_TYPES, type PolicyType } from '../../bandit/policies/registry.ts'
import { UsageError } from '../terminal/failure.ts'

export const CONNECTION_OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
} as const

export const SERVICE_OPTIONS = {
  ...CONNECTION_OPTIONS,
  name: { type: 'string' },
  policy: { type: 'string', default: 'thompson' },
  seed: { type: 'string' },
  'in-flight': { type: 'string' },
} as const

/** Fixed weights would need a value for each arm. */
const POLICIES = [...LEARNING_TYPES, ...EVEN_TYPES]

export const SERVICE_HELP = `  --url URL        where the service listens (http://127.0.0.1:8080)
  --key KEY        a key with the scopes assign, reward, read and admin, if the service asks for one;
                   better in the environment, as PINWHEEL_KEY
  --name NAME      the experiment's key; another name makes another replay, the same one continues it
  --policy POLICY  ${POLICIES.join(', ')} (thompson)
  --in-flight N    units assigned at once`

/** The key that a command sends, from its option or the environment; null: none. */
export function keyOf(option: string | undefined): string | null {
  return option ?? (process.env.PINWHEEL_KEY || null)
}

/** @throws UsageError */
export function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new UsageError(`--url must be an address like http://127.0.0.1:8080, not ${JSON.stringify(text)}`)
}

/** @throws UsageError */
export function policyOf(text: string): PolicyType {
  const policy = POLICIES.find(known => known === text)
  if (policy !== undefined) return policy
  throw new UsageError(`--policy must be one of ${POLICIES.join(', ')}, not ${JSON.stringify(text)}`)
}
