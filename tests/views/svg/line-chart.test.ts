import { describe, expect, it } from 'vitest'
import { armColours } from '../../../src/views/svg/arm-colours.ts'
import { type LineChart, lineChart } from '../../../src/views/svg/line-chart.ts'
import { ticksBetween } from '../../../src/views/svg/ticks.ts'
import { seededRandom } from '../../support/samples/random.ts'

const chart = (changes: Partial<LineChart>): LineChart => ({
  id: 'c',
  title: 'A chart',
  told: 'Lines.',
  shape: 'steps',
  lines: [],
  band: [],
  units: 100,
  writeY: value => String(value),
  ...changes,
})

const line = (name: string, points: readonly (readonly [number, number | null])[]) =>
  ({ name, last: '', colour: 'arm1', points }) as const

describe('lineChart()', () => {
  it('draws steps that hold until the next one, and breaks where there is nothing', () => {
    const points = [
      [0, 0.5],
      [50, 1],
      [60, null],
      [80, 0.2],
      [100, 0.2],
    ] as const
    const { markup } = lineChart(chart({ lines: [line('a', points)] }), 'wide')
    const path = /class="line arm1" d="([^"]+)"/.exec(markup)?.[1] ?? ''
    const commands = path.match(/[ML][^ML]+/g) ?? []
    expect(commands.map(command => command[0]).join('')).toBe('MLLML')
    const at = commands.map(command => command.slice(1).split(' ').map(Number))
    expect(at[1]?.[0]).toBe(at[2]?.[0])
    expect(at[1]?.[1]).toBe(at[0]?.[1])
  })

  it('keeps the names apart, in the drawing, in the order of the lines', () => {
    const random = seededRandom(4)
    for (const layout of ['wide', 'narrow'] as const) {
      const lines = Array.from({ length: 6 }, (_, place) =>
        line(`arm-${place}`, [
          [0, 0],
          [100, place < 3 ? 0.001 * place : random()],
        ]),
      )
      const { markup } = lineChart(chart({ lines }), layout)
      const labels = [...markup.matchAll(/<text class="arm1" x="[\d.]+" y="([\d.]+)"><tspan class="name">arm-(\d)/g)]
      const heights = labels.map(([, y]) => Number(y)).sort((a, b) => a - b)
      expect(heights).toHaveLength(6)
      for (const [place, y] of heights.entries())
        if (place > 0) expect(y - (heights[place - 1] ?? 0)).toBeGreaterThan(14)
      expect(heights[0]).toBeGreaterThan(8)
      expect(heights[5]).toBeLessThan(layout === 'wide' ? 230 : 200)
    }
  })

  it('draws no more points than can be told apart', () => {
    const points = Array.from({ length: 10_000 }, (_, place) => [place / 100, Math.sin(place)] as const)
    const { markup } = lineChart(chart({ lines: [line('a', points)], shape: 'slopes' }), 'narrow')
    expect(markup.match(/L/g)?.length).toBeLessThan(300)
  })
})

describe('armColours()', () => {
  it('gives colours to the five that are most probably best, in the order of the arms', () => {
    const beliefs = [0, 0.1, 0.02, 0.3, 0.01, 0.2, 0.15, 0.22]
    const arms = beliefs.map((probabilityBest, place) => ({ isControl: place === 0, probabilityBest }))
    expect(armColours(arms)).toEqual(['control', 'arm1', 'faint', 'arm2', 'faint', 'arm3', 'arm4', 'arm5'])
  })
})

describe('ticksBetween()', () => {
  it('gives round numbers inside, no more than asked for, and at least two where there is room', () => {
    const random = seededRandom(9)
    for (let round = 0; round < 500; round++) {
      const lower = (random() - 0.5) * 10 ** (random() * 12 - 6)
      const upper = lower + 10 ** (random() * 12 - 6)
      const most = 2 + Math.floor(random() * 8)
      const { step, ticks } = ticksBetween(lower, upper, most)
      expect(ticks.length).toBeLessThanOrEqual(most)
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(lower - 1e-6 * step)
        expect(tick).toBeLessThanOrEqual(upper + 1e-6 * step)
      }
      if (most >= 5) expect(ticks.length).toBeGreaterThanOrEqual(1)
    }
  })
})
