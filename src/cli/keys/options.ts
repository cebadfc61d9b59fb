// The options of a key on the command line.
import type { parseArgs } from 'node:util'
import { KEY_KINDS, type KeyTerms, type Scope } from '../../access/key.ts'
import { parseWindow } from '../../bandit/metrics/metric.ts'
import { UsageError } from '../terminal/failure.ts'

export const OPTIONS = {
  name: { type: 'string' },
  scope: { type: 'string' },
  kind: { type: 'string' },
  expires: { type: 'string' },
  rate: { type: 'string' },
  overlap: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

export type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** The domain checks whether the terms are consistent. @throws Failure */
export function termsOf({ name, scope, kind = 'sk', rate }: Options): KeyTerms {
  if (name === undefined) throw new UsageError('A key needs a --name, under which the history keeps what it changes')
  if (scope === undefined) throw new UsageError('A key needs a --scope, as --scope assign,reward')
  const known = KEY_KINDS.find(each => each === kind)
  if (known === undefined) throw new UsageError(`--kind must be ${KEY_KINDS.join(' or ')}, not ${JSON.stringify(kind)}`)
  return { name, kind: known, scopes: scope.split(',').map(text => text.trim() as Scope), rate: rate ?? null }
}

/** Null where the option is not given. @throws Failure */
export function durationOf(text: string | undefined, option: string): number | null {
  if (text === undefined) return null
  const durationMs = parseWindow(text)
  if (durationMs !== null) return durationMs
  throw new UsageError(`--${option} must be like 90d, 24h, 30m or 45s, at most ten years, not ${JSON.stringify(text)}`)
}
