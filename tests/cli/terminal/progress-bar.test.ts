import { describe, expect, it } from 'vitest'
import { ProgressBar } from '../../../src/cli/terminal/progress-bar.ts'

function watch(isTTY: boolean) {
  const written: string[] = []
  const clock = { now: 0 }
  const bar = new ProgressBar({ isTTY, write: text => written.push(text) }, () => clock.now)
  return { bar, written, clock }
}

describe('ProgressBar', () => {
  it('draws over its own line on a terminal', () => {
    const { bar, written, clock } = watch(true)
    clock.now = 2_000
    bar.update(1_250, 5_000, 'units')
    expect(written).toEqual([`\r\x1b[2K[${'█'.repeat(7)}${'·'.repeat(21)}] 1,250 of 5,000 units, 2 s`])
  })

  it('writes a plain line every few seconds elsewhere', () => {
    const { bar, written, clock } = watch(false)
    for (let second = 1; second <= 11; second++) {
      clock.now = second * 1_000
      bar.update(second, 20, 'days')
    }
    expect(written).toEqual(['5 of 20 days, 5 s\n', '10 of 20 days, 10 s\n'])
  })

  it('clears its line for a sentence', () => {
    const { bar, written } = watch(true)
    bar.say('The service is back')
    expect(written).toEqual(['\r\x1b[2KThe service is back\n'])
  })
})
