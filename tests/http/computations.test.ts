import { expect, it } from 'vitest'
import { BanditError } from '../../src/bandit/errors.ts'
import { Computations } from '../../src/http/computations.ts'

/** Work that ends when it is told to. */
function held() {
  let finish = () => {}
  const until = new Promise<void>(resolve => {
    finish = resolve
  })
  return { work: () => until, finish }
}

it('run() does two at once, the others in turn, and refuses what is beyond those that may wait', async () => {
  const computations = new Computations('reports', { maxWaiting: 2 })
  const begun: number[] = []
  const all = Array.from({ length: 4 }, held)
  const done = all.map(({ work }, number) =>
    computations.run(() => {
      begun.push(number)
      return work()
    }),
  )
  expect(begun).toEqual([0, 1])
  expect(() => computations.run(async () => {})).toThrowError(
    new BanditError('overloaded', 'Too many reports are computed at once; try again shortly'),
  )
  all[1]?.finish()
  await done[1]
  expect(begun).toEqual([0, 1, 2])
  for (const { finish } of all) finish()
  await Promise.all(done)
  expect(begun).toEqual([0, 1, 2, 3])
  expect(await computations.run(async () => 'again')).toBe('again')
})

it('run() goes on after work that failed', async () => {
  const computations = new Computations('reports', { maxRunning: 1 })
  const failing = computations.run(() => Promise.reject(new Error('broken')))
  const next = computations.run(async () => 'next')
  await expect(failing).rejects.toThrow('broken')
  expect(await next).toBe('next')
})

it('run() passes over those who have gone, and gives their places to others', async () => {
  const computations = new Computations('reports', { maxRunning: 1, maxWaiting: 2 })
  const first = held()
  const running = computations.run(first.work)
  let isGone = false
  let done = 0
  const work = async () => ++done
  const leaving = [1, 2].map(() => computations.run(work, () => isGone))
  expect(() => computations.run(work)).toThrowError(/Too many reports/)
  isGone = true
  const staying = computations.run(work)
  for (const left of leaving) await expect(left).rejects.toThrow('The client has left')
  const leavesLater = computations.run(work, () => isGone)
  const last = leavesLater.catch((error: Error) => error.message)
  first.finish()
  await running
  expect(await staying).toBe(1)
  expect(await last).toBe('The client has left before its turn')
  expect(done).toBe(1)
})
