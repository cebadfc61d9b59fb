import { describe, expect, it } from 'vitest'
import { armsIn, readDesign } from '../../scripts/simulate/read-design.ts'
import { summaryText } from '../../scripts/simulate/summary-text.ts'
import { simulationCharts } from '../../src/dashboard/simulation-charts.ts'
import { simulate } from '../../src/simulation/simulate.ts'

describe('armsIn()', () => {
  it('reads rates, means with their sd, and shares of buyers', () => {
    expect(armsIn('control=0.10, mens=0.12')).toEqual([
      { key: 'control', rate: 0.1 },
      { key: 'mens', rate: 0.12 },
    ])
    expect(armsIn('a=-50:5,b=0.05*50:65')).toEqual([
      { key: 'a', mean: -50, sd: 5 },
      { key: 'b', rate: 0.05, mean: 50, sd: 65 },
    ])
    for (const text of ['', 'a', 'a=', 'a=x', 'a=0.1*5', 'a=0.1,,b=0.2', 'a=1:2:3']) {
      expect(() => armsIn(text), text).toThrow('key=rate')
    }
  })
})

describe('readDesign()', () => {
  it('makes of options what POST /simulate takes', () => {
    const design = readDesign({ arms: 'a=0.1,b=0.2', exploration: '0.3', days: '2', 'units-per-day': '50', seed: '9' })
    expect(design).toMatchObject({ units: 100, seed: 9, runs: 200, means: [0.1, 0.2] })
    expect(design.definition.policy).toMatchObject({ type: 'thompson', exploration: 0.3 })
    const shared = readDesign({ arms: 'a=5:1,b=6:1,c=7:1', range: '-9,99', 'control-share': 'none', goal: 'decrease' })
    expect(shared.metric).toMatchObject({ type: 'continuous', range: [-9, 99], goal: 'decrease' })
    expect(shared.definition.policy).toMatchObject({ controlShare: null })
  })

  it('tells every fault in one sentence', () => {
    expect(() => readDesign({})).toThrow('--arms')
    expect(() => readDesign({ arms: 'a=0.1,b=7', alpha: '3' })).toThrow(/arms\[1\]\.rate .*alpha /)
    expect(() => readDesign({ arms: 'a=0.1,b=0.2', days: 'x' })).toThrow('--days')
    expect(() => readDesign({ config: '/nowhere.json' })).toThrow('Cannot read /nowhere.json')
  })
})

describe('the faces of a simulation', () => {
  const design = readDesign({ arms: 'control=0.1,b=0.1,c=0.4', 'units-per-day': '100000', days: '0.03', runs: '4' })
  const result = simulate(design)

  it('fit a terminal of 100 columns, and name every arm', () => {
    const text = summaryText(design, result)
    expect(Math.max(...text.split('\n').map(line => [...line].length))).toBeLessThanOrEqual(100)
    for (const { key } of design.definition.arms) expect(text).toContain(key)
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  it('draw a well-formed picture without a number that is none', () => {
    const svg = simulationCharts(result)
    expect(svg).toMatch(/^<svg [^>]*>.*<\/svg>\n$/s)
    expect(svg).not.toMatch(/NaN|undefined|null|Infinity/)
    expect([...svg.matchAll(/<(\w+)[^>]*[^/]>/g)].length).toBe([...svg.matchAll(/<\/\w+>/g)].length)
    const unbounded = result.curve.map(point => ({ ...point, width: null }))
    expect(simulationCharts({ curve: unbounded })).not.toMatch(/NaN|Infinity/)
  })
})
