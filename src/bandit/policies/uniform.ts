import type { PolicyKind } from './kind.ts'

export const uniform = {
  type: 'uniform',
  label: 'uniform',
  summary: 'equal shares',
  weigh: null,
  hasWeights: false,
} as const satisfies PolicyKind
