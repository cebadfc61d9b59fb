import { describe, expect, it } from 'vitest'
import { comparisonText } from '../../src/cli/simulate/comparison-text.ts'
import { armsIn, readChoices, readDesign } from '../../src/cli/simulate/read-design.ts'
import { summaryText } from '../../src/cli/simulate/summary-text.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { simulationCharts } from '../../src/views/svg/simulation-charts.ts'

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
  it('converts options to a body of POST /simulate', () => {
    const design = readDesign({ arms: 'a=0.1,b=0.2', exploration: '0.3', days: '2', 'units-per-day': '50', seed: '9' })
    expect(design).toMatchObject({ units: 100, seed: 9, runs: 200, means: [0.1, 0.2] })
    expect(design.definition.policy).toMatchObject({ type: 'thompson', exploration: 0.3 })
    const shared = readDesign({ arms: 'a=5:1,b=6:1,c=7:1', range: '-9,99', 'control-share': 'none', goal: 'decrease' })
    expect(shared.metric).toMatchObject({ type: 'continuous', range: [-9, 99], goal: 'decrease' })
    expect(shared.definition.policy).toMatchObject({ controlShare: null })
  })

  it('reads one share of exploration, or one until the verdict and one after it', () => {
    const policyOf = (exploration: string) => readDesign({ arms: 'a=0.1,b=0.2', exploration }).definition.policy
    expect(policyOf('0.2')).toMatchObject({ exploration: 0.2 })
    expect(policyOf('0.6,0.2')).toMatchObject({ exploration: { untilVerdict: 0.6, after: 0.2 } })
    for (const wrong of ['0.6,', '0.6,x', '1,1,1', '0.6,7']) expect(() => policyOf(wrong), wrong).toThrow('exploration')
  })

  it('lists every fault in one sentence', () => {
    expect(() => readDesign({})).toThrow('--arms')
    expect(() => readDesign({ arms: 'a=0.1,b=7', alpha: '3' })).toThrow(/arms\[1\]\.rate .*alpha /)
    expect(() => readDesign({ arms: 'a=0.1,b=0.2', days: 'x' })).toThrow('--days')
    expect(() => readDesign({ config: '/nowhere.json' })).toThrow('Cannot read /nowhere.json')
  })
})

describe('readChoices()', () => {
  const common = { arms: 'a=0.1,b=0.2', days: '2' }
  const policiesOf = (...compare: string[]) =>
    readChoices({ ...common, compare }).map(({ design }) => design.definition.policy)

  it('makes the same design under each of the policies', () => {
    const compare = ['thompson', 'thompson:0.2', 'exploration:0.6,0.2:none', 'uniform::0.3']
    expect(policiesOf(...compare)).toMatchObject([
      { type: 'thompson', exploration: { untilVerdict: 0.5, after: 0.1 }, controlShare: null },
      { type: 'thompson', exploration: 0.2 },
      { type: 'exploration', exploration: { untilVerdict: 0.6, after: 0.2 }, controlShare: null },
      { type: 'uniform', controlShare: 0.3 },
    ])
    const choices = readChoices({ ...common, compare })
    expect(choices.map(({ name }) => name)).toEqual(compare)
    for (const { design } of choices) expect(design).toMatchObject({ days: 2, means: [0.1, 0.2] })
  })

  it('refuses repeated and unreadable choices', () => {
    expect(() => policiesOf('uniform', 'uniform')).toThrow('there twice')
    expect(() => policiesOf('greedy')).toThrow('policy.type')
    expect(() => policiesOf('thompson:x')).toThrow('--compare')
    expect(() => policiesOf('thompson:0.1:0.2:0.3')).toThrow('POLICY:EXPLORATION:CONTROL-SHARE')
    expect(() => readChoices({ ...common, compare: ['uniform'], exploration: '0.2' })).toThrow('--exploration')
  })
})

describe('comparisonText()', () => {
  it('has a line for each policy, explains its columns, and compares with the first and with equal shares', () => {
    const compare = ['thompson:0.1', 'thompson:0.5,0.1', 'uniform']
    const options = { arms: 'control=0.1,b=0.1,c=0.4', 'units-per-day': '100000', days: '0.03', runs: '4' }
    const choices = readChoices({ ...options, compare })
    const results = choices.map(({ design }) => simulate(design))
    const lines = comparisonText(choices, results).split('\n')
    expect(Math.max(...lines.map(line => [...line].length))).toBeLessThanOrEqual(110)
    expect(lines.join('\n')).not.toMatch(/NaN|undefined|null|Infinity/)
    const [head = '', ...rows] = lines.slice(2, 6)
    for (const [place, name] of compare.entries()) expect(rows[place]).toMatch(new RegExp(`^ {2}${name} `))
    expect(rows[0]).toMatch(/ 0 % +−\d+ %$/)
    expect(rows[2]).toMatch(/\+\d+ % +[+−]?\d %$/)
    for (const column of head.trim().split(/ {2,}/).slice(1)) expect(lines.slice(6).join('\n')).toContain(column)
  })
})

describe('the formats of a simulation', () => {
  const design = readDesign({ arms: 'control=0.1,b=0.1,c=0.4', 'units-per-day': '100000', days: '0.03', runs: '4' })
  const result = simulate(design)

  it('fit a terminal of 100 columns, and name every arm', () => {
    const text = summaryText(design, result)
    expect(Math.max(...text.split('\n').map(line => [...line].length))).toBeLessThanOrEqual(100)
    for (const { key } of design.definition.arms) expect(text).toContain(key)
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  it('draw a well-formed picture without NaN', () => {
    const svg = simulationCharts(result)
    expect(svg).toMatch(/^<svg [^>]*>.*<\/svg>\n$/s)
    expect(svg).not.toMatch(/NaN|undefined|null|Infinity/)
    expect([...svg.matchAll(/<(\w+)[^>]*[^/]>/g)].length).toBe([...svg.matchAll(/<\/\w+>/g)].length)
    const unbounded = result.curve.map(point => ({ ...point, width: null }))
    expect(simulationCharts({ curve: unbounded })).not.toMatch(/NaN|Infinity/)
  })
})
