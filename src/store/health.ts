// Who hears how a store does.
import type { Commit } from './port.ts'

export interface StoreListeners {
  /** When commits begin to fail, with the engine's error; with null when they succeed again. */
  readonly onHealthChange?: ((error: unknown) => void) | undefined
  /** Of each commit that succeeds. */
  readonly onCommit?: ((commit: Commit) => void) | undefined
}

/**
 * Takes in how each part of a store does: an error, or null where it works. Tells once each when
 * the first begins to fail and when all work again.
 */
export function healthNotes(onHealthChange: (error: unknown) => void): (part: string, error: unknown) => void {
  const failing = new Set<string>()
  return (part, error) => {
    const wasFailing = failing.size > 0
    if (error === null) failing.delete(part)
    else failing.add(part)
    if (failing.size > 0 !== wasFailing) onHealthChange(error)
  }
}
