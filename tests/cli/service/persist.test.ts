import { describe, expect, it } from 'vitest'
import { persist, TryAgain } from '../../../src/cli/service/persist.ts'

const QUICK = { limitMs: 1_000, firstWaitMs: 0, longestWaitMs: 0 }

describe('persist()', () => {
  it('retries after a temporary failure, and reports the reason', async () => {
    const reasons: string[] = []
    let attempts = 0
    const attempt = async () => {
      if (++attempts < 4) throw new TryAgain(`not now ${attempts}`)
      return 'done'
    }
    expect(await persist(attempt, QUICK, reason => reasons.push(reason))).toBe('done')
    expect(reasons).toEqual(['not now 1', 'not now 2', 'not now 3'])
  })

  it('does not try again after another error', async () => {
    let attempts = 0
    const attempt = async () => {
      attempts += 1
      throw new RangeError('never')
    }
    await expect(persist(attempt, QUICK)).rejects.toThrow('never')
    expect(attempts).toBe(1)
  })

  it('throws the last reason when the time limit is reached', async () => {
    const attempt = async () => {
      throw new TryAgain('not now')
    }
    await expect(persist(attempt, { ...QUICK, limitMs: 0, firstWaitMs: 1 })).rejects.toThrow('not now')
  })
})
