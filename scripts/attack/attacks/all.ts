// Every attack.
import type { Attack } from '../attack.ts'
import { BODY_ATTACKS } from './bodies.ts'
import { COMPUTATION_ATTACKS } from './computations.ts'
import { CONNECTION_ATTACKS } from './connections.ts'
import { HEAD_ATTACKS } from './heads.ts'

export const ATTACKS: readonly Attack[] = [
  ...CONNECTION_ATTACKS,
  ...HEAD_ATTACKS,
  ...BODY_ATTACKS,
  ...COMPUTATION_ATTACKS,
]
