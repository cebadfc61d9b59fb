// What a race would complain of. The race itself takes minutes: node scripts/race.ts.
import { beforeEach, describe, expect, it } from 'vitest'
import { Answers, type Told } from '../../scripts/race/answers.ts'

const AT = Date.UTC(2026, 0, 5, 12)
const told: Omit<Told, 'reason'> = {
  unit: 'u',
  arm: 'a',
  propensity: 0.4,
  snapshot: 2,
  assignedAt: new Date(AT).toISOString(),
}
const stored = { unit: 'u', arm: 1, propensity: 0.4, snapshot: 2, assignedAt: AT }

describe('Answers', () => {
  let answers: Answers
  beforeEach(() => {
    answers = new Answers()
    answers.hearAssignment({ ...told, reason: 'kept' })
    answers.hearAssignment({ ...told, reason: 'assigned' })
    answers.hearReward('e', 'duplicate')
    answers.hearReward('e', 'recorded')
  })

  it('have no complaint where one replica was first and all say the same', () => {
    answers.compare(stored, 'a')
    expect(answers.faults).toEqual([])
    expect(answers.counts).toEqual({ assignments: 2, units: 1, events: 1, faults: 0 })
  })

  it.each<[string, () => void]>([
    ['another arm', () => answers.hearAssignment({ ...told, arm: 'b', reason: 'kept' })],
    ['another snapshot', () => answers.hearAssignment({ ...told, snapshot: 3, reason: 'kept' })],
    ['two that were first', () => answers.hearAssignment({ ...told, reason: 'assigned' })],
    ['an answer that is kept nowhere', () => answers.hearAssignment({ ...told, unit: 'v', reason: 'fallback' })],
    ['an event that counts twice', () => answers.hearReward('e', 'recorded')],
    ['an event that is not taken', () => answers.hearReward('f', 'rejected')],
    ['another arm in the database', () => answers.compare(stored, 'b')],
    ['a unit of which nobody was told', () => answers.compare({ ...stored, unit: 'v' }, 'a')],
    [
      'a unit that nobody was the first to assign',
      () => {
        answers.hearAssignment({ ...told, unit: 'v', reason: 'kept' })
        answers.compare({ ...stored, unit: 'v' }, 'a')
      },
    ],
  ])('complain of %s', (_, happen) => {
    happen()
    expect(answers.faults).toHaveLength(1)
    expect(answers.counts.faults).toBe(1)
  })
})
