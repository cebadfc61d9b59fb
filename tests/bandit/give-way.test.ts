import { expect, it } from 'vitest'
import { giveWay } from '../../src/bandit/give-way.ts'

it('giveWay() lets one computation go on in a turn of the event loop, in the order in which they gave way', async () => {
  const order: string[] = []
  let isOver = false
  const countTurns = () => {
    order.push('turn')
    if (!isOver) setImmediate(countTurns)
  }
  const compute = async (name: string) => {
    for (let piece = 1; piece <= 3; piece++) {
      await giveWay()
      order.push(`${name}${piece}`)
    }
  }
  setImmediate(countTurns)
  await Promise.all(['a', 'b', 'c'].map(compute))
  isOver = true
  const pieces = order.filter(entry => entry !== 'turn')
  expect(pieces).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
  // Between two pieces everybody else has had a turn.
  for (const [at, entry] of order.entries()) {
    if (entry !== 'turn' && at > 0) expect(order[at - 1]).toBe('turn')
  }
})
