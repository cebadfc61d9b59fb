import { describe, expect, it } from 'vitest'
import { retry, TryAgain } from '../../../src/cli/service/retry.ts'

const QUICK = { limitMs: 1_000, firstWaitMs: 0, longestWaitMs: 0 }

describe('retry()', () => {
  it('tries again after a passing reason, and passes it on', async () => {
    const reasons: string[] = []
    let attempts = 0
    const attempt = async () => {
      if (++attempts < 4) throw new TryAgain(`not now ${attempts}`)
      return 'done'
    }
    expect(await retry(attempt, QUICK, reason => reasons.push(reason))).toBe('done')
    expect(reasons).toEqual(['not now 1', 'not now 2', 'not now 3'])
  })

  it('does not try again after another error', async () => {
    let attempts = 0
    const attempt = async () => {
      attempts += 1
      throw new RangeError('never')
    }
    await expect(retry(attempt, QUICK)).rejects.toThrow('never')
    expect(attempts).toBe(1)
  })

  it('throws the last reason at the time limit', async () => {
    const attempt = async () => {
      throw new TryAgain('not now')
    }
    await expect(retry(attempt, { ...QUICK, limitMs: 0, firstWaitMs: 1 })).rejects.toThrow('not now')
  })
})
