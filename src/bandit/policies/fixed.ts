import type { PolicyKind } from './kind.ts'

export const fixed = {
  type: 'fixed',
  label: 'fixed',
  summary: 'your `weights`',
  weigh: null,
  hasWeights: true,
} as const satisfies PolicyKind
