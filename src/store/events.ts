// Who hears how a store does.
import type { Commit } from './port.ts'

/**
 * Hears when commits begin to fail, with the engine's error, and with null when they succeed again.
 */
export type OnHealthChange = (error: unknown) => void

/** Hears of each commit that succeeds. */
export type OnCommit = (commit: Commit) => void
