import { expect, it } from 'vitest'
import { PageCache } from '../../../src/http/pages/page-cache.ts'

it('page() is not needed when all who wait for it have gone, and not before', async () => {
  const cache = new PageCache<string>(({ length }) => length, 1_000)
  const asked = { now: 1, wanted: 1 }
  let areGone = () => false
  let finish = (_page: string) => {}
  const make = (told: () => boolean) => {
    areGone = told
    return new Promise<string>(resolve => {
      finish = resolve
    })
  }
  let [firstIsGone, secondIsGone] = [false, false]
  const first = cache.page('overview', asked, make, () => firstIsGone)
  const second = cache.page('overview', asked, make, () => secondIsGone)
  expect(areGone()).toBe(false)
  firstIsGone = true
  expect(areGone()).toBe(false)
  secondIsGone = true
  expect(areGone()).toBe(true)
  finish('page')
  expect(await Promise.all([first, second])).toEqual(['page', 'page'])
})
