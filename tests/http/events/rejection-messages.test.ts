import { expect, it } from 'vitest'
import { MAX_MESSAGES, RejectionMessages, UNTOLD } from '../../../src/http/events/rejection-messages.ts'

const faults = (count: number) =>
  Array.from({ length: count }, (_, field) => ({ path: `f${field}`, message: 'is bad' }))

it('shapeError() names the first hundred faults of a call, and makes one error for each number of others', () => {
  const messages = new RejectionMessages()
  expect(messages.shapeError(faults(1)).message).toBe('f0 is bad')
  expect(messages.shapeError(faults(1))).not.toBe(messages.shapeError(faults(1)))
  expect(messages.shapeError(faults(98)).message).toMatch(/; and one more fault$/)
  const counted = messages.shapeError(faults(2))
  expect(counted.message).toBe('2 faults; an answer names the first 100')
  expect(messages.shapeError(faults(2))).toBe(counted)
  expect(messages.shapeError(faults(3)).message).toMatch(/^3 faults/)
})

it('told() cuts a message, and has room for a million characters', () => {
  const messages = new RejectionMessages()
  expect(messages.told('x'.repeat(20_000))).toHaveLength(10_000)
  for (let rest = MAX_MESSAGES - 10_000; rest > 0; rest -= 10_000) messages.told('x'.repeat(10_000))
  expect(messages.told('too late')).toBe(UNTOLD)
})
