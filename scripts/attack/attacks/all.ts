// Every attack.
import type { Attack } from '../attack.ts'
import { MEASURED_FIRST } from './measured-first.ts'

export const ATTACKS: readonly Attack[] = [...MEASURED_FIRST]
