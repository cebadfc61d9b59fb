// What product code may rely on when the disk hangs.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import { CallQueue } from '../../src/store/call-queue.ts'
import type { Call, Outcome } from '../../src/store/commands.ts'
import type { Proposal } from '../../src/store/port.ts'

const proposal = { experimentId: 1, snapshot: 1, assignedAt: 0, metrics: [], units: [] }

describe('CallQueue', () => {
  let handedOver: Call[][]
  let answers: ((outcomes: Outcome[]) => void)[]
  let hangs: boolean[]
  let queue: CallQueue

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    handedOver = []
    answers = []
    hangs = []
    const perform = (calls: readonly Call[]) => {
      handedOver.push([...calls])
      return new Promise<Outcome[]>(resolve => answers.push(resolve))
    }
    queue = new CallQueue({ perform }, hanging => hangs.push(hanging))
  })

  afterEach(() => vi.useRealTimers())

  const turn = () => new Promise(resolve => setImmediate(resolve))

  /** One turn in which something may have been asked, and one that brings no more. */
  const quietTurn = async () => {
    await turn()
    await turn()
  }

  it('hands over together what arrives while each turn brings more, and then what arrives until that is answered', async () => {
    const asked: Promise<unknown>[] = [queue.ask('ping')]
    await turn()
    asked.push(queue.ask('findSnapshots', 7))
    await turn()
    expect(handedOver).toEqual([])
    await turn()
    const first = [
      { name: 'ping', args: [] },
      { name: 'findSnapshots', args: [7] },
    ]
    expect(handedOver).toEqual([first])
    const later = [queue.ask('findChanges', 1)]
    await quietTurn()
    later.push(queue.ask('findChanges', 2))
    await quietTurn()
    expect(handedOver).toEqual([first])
    answers[0]?.([{ result: undefined }, { result: ['head'] }])
    expect(await Promise.all(asked)).toEqual([undefined, ['head']])
    await quietTurn()
    const second = [
      { name: 'findChanges', args: [1] },
      { name: 'findChanges', args: [2] },
    ]
    expect(handedOver).toEqual([first, second])
    answers[1]?.([{ result: ['one'] }, { result: ['two'] }])
    expect(await Promise.all(later)).toEqual([['one'], ['two']])
  })

  it('gathers no longer than a millisecond, though each turn brings more', async () => {
    const asked: Promise<unknown>[] = []
    for (let turns = 0; turns < 50; turns++) {
      asked.push(queue.ask('ping'))
      await turn()
    }
    expect(handedOver).toEqual([])
    vi.advanceTimersByTime(1)
    asked.push(queue.ask('ping'))
    await turn()
    expect(handedOver.map(calls => calls.length)).toEqual([51])
    answers[0]?.(asked.map(() => ({ result: undefined })))
    await Promise.all(asked)
  })

  it('hands over what is enough for a commit within the turn, and the rest when that is answered', async () => {
    const asked = Array.from({ length: 300 }, () => queue.ask('ping'))
    const [first] = handedOver
    expect(handedOver).toHaveLength(1)
    expect(first?.length).toBeLessThan(300)
    await quietTurn()
    expect(handedOver).toHaveLength(1)
    answers[0]?.((first ?? []).map(() => ({ result: undefined })))
    await expect.poll(() => handedOver.length).toBe(2)
    answers[1]?.((handedOver[1] ?? []).map(() => ({ result: undefined })))
    await Promise.all(asked)
    expect(handedOver.flat()).toHaveLength(300)
  })

  it('rejects one call with its own error, and no other', async () => {
    const [failed, whole] = [queue.ask('findChanges', 1), queue.ask('findChanges', 2)]
    await quietTurn()
    answers[0]?.([{ error: new RangeError('no') }, { result: [] }])
    await expect(failed).rejects.toThrow(new RangeError('no'))
    expect(await whole).toEqual([])
  })

  it('gives up what is in a hurry within a second when the engine hangs, refuses more, and goes on when it does', async () => {
    const assigned = queue.ask('keepAssignments', proposal)
    const read = queue.ask('findChanges', 1)
    await quietTurn()
    vi.advanceTimersByTime(700)
    expect(hangs).toEqual([])
    vi.advanceTimersByTime(200)
    await expect(assigned).rejects.toBeInstanceOf(StoreUnavailableError)
    await expect(queue.ask('keepAssignments', proposal)).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(hangs).toEqual([true])
    answers[0]?.([{ result: [] }, { result: ['late'] }])
    expect(await read).toEqual(['late'])
    expect(hangs).toEqual([true, false])
    const again = queue.ask('keepAssignments', proposal)
    await quietTurn()
    answers[1]?.([{ result: [] }])
    expect(await again).toEqual([])
  })

  it('gives up nothing while the engine answers, however long that goes on', async () => {
    for (let batch = 0; batch < 20; batch++) {
      const asked = queue.ask('keepAssignments', proposal)
      await quietTurn()
      vi.advanceTimersByTime(500)
      answers[batch]?.([{ result: [] }])
      expect(await asked).toEqual([])
    }
    expect(hangs).toEqual([])
  })

  it('gives up rewards after five seconds, and a change never', async () => {
    const recorded = queue.ask('recordRewards', [])
    const changes = queue.ask('findChanges', 1)
    await quietTurn()
    vi.advanceTimersByTime(4_900)
    expect(hangs).toEqual([])
    vi.advanceTimersByTime(200)
    await expect(recorded).rejects.toBeInstanceOf(StoreUnavailableError)
    vi.advanceTimersByTime(60_000)
    answers[0]?.([{ result: [] }, { result: ['kept'] }])
    expect(await changes).toEqual(['kept'])
  })

  it('gives up what waits behind a call that hangs', async () => {
    const first = queue.ask('findChanges', 1)
    await quietTurn()
    const behind = queue.ask('keepAssignments', proposal)
    await quietTurn()
    vi.advanceTimersByTime(900)
    await expect(behind).rejects.toBeInstanceOf(StoreUnavailableError)
    answers[0]?.([{ result: [] }])
    await first
    await quietTurn()
    expect(handedOver).toHaveLength(1)
  })

  it('close() waits for what was asked, and takes no more', async () => {
    const asked = queue.ask('findSnapshots', 1)
    const closed = queue.close()
    await expect(queue.ask('ping')).rejects.toBeInstanceOf(StoreUnavailableError)
    await quietTurn()
    answers[0]?.([{ result: ['answered'] }])
    await closed
    expect(await asked).toEqual(['answered'])
  })

  describe('with a limit of rows', () => {
    const units = (count: number) => ({
      ...proposal,
      units: Array.from({ length: count }, (_, unit) => ({ unit: `u${unit}`, arm: 0, propensity: 1 })),
    })
    const sizes = (calls: readonly Call[] | undefined) => calls?.map(({ args }) => (args[0] as Proposal).units.length)

    beforeEach(() => {
      const perform = (calls: readonly Call[]) => {
        handedOver.push([...calls])
        return new Promise<Outcome[]>(resolve => answers.push(resolve))
      }
      queue = new CallQueue({ perform }, () => {}, { mostRows: 500 })
    })

    /** Answers the batch that is under way, and lets the next one begin. */
    const answerBatch = async () => {
      answers.at(-1)?.((handedOver.at(-1) as Call[]).map(() => ({ result: [] })))
      await quietTurn()
      await turn()
    }

    it('takes single calls first, and always one that is long, however long', async () => {
      const asked = [500, 500, 1, 250, 1].map(count => queue.ask('keepAssignments', units(count)))
      await quietTurn()
      expect(sizes(handedOver[0])).toEqual([1, 1, 500])
      asked.push(queue.ask('keepAssignments', units(1)))
      await answerBatch()
      expect(sizes(handedOver[1])).toEqual([1, 500])
      await answerBatch()
      expect(sizes(handedOver[2])).toEqual([250])
      await answerBatch()
      await Promise.all(asked)
    })

    it('shares a batch among several long calls', async () => {
      const asked = [250, 250, 250].map(count => queue.ask('keepAssignments', units(count)))
      await quietTurn()
      expect(sizes(handedOver[0])).toEqual([250, 250])
      await answerBatch()
      expect(sizes(handedOver[1])).toEqual([250])
      await answerBatch()
      await Promise.all(asked)
    })
  })
})
