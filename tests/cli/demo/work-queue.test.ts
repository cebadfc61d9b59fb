import { expect, it } from 'vitest'
import { WorkQueue } from '../../../src/cli/demo/work-queue.ts'

it('WorkQueue runs all tasks, at most its limit at once', async () => {
  const queue = new WorkQueue(3)
  let [running, most, done] = [0, 0, 0]
  for (let task = 0; task < 20; task++) {
    await queue.add(async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running -= 1
      done += 1
    })
  }
  await queue.drain()
  expect([most, done]).toEqual([3, 20])
})

it('WorkQueue throws what a task threw at the next add or drain', async () => {
  const queue = new WorkQueue(1)
  await queue.add(async () => {
    throw new Error('lost')
  })
  await expect(queue.add(async () => {})).rejects.toThrow('lost')
  await expect(queue.drain()).rejects.toThrow('lost')
})
