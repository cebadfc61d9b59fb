import { describe, expect, it, vi } from 'vitest'
import { command, commandNamed, numberOf, rangeOf, wholeNumberOf } from '../../../src/cli/terminal/arguments.ts'
import { UsageError } from '../../../src/cli/terminal/failure.ts'

describe('command()', () => {
  const seen: unknown[] = []
  const options = { to: { type: 'string' }, force: { type: 'boolean', default: false } } as const
  const copy = command({ help: 'Usage: copy\n', options, allowPositionals: true }, (values, files) => {
    seen.push(values.to, values.force, files)
  })

  it('calls the function with the options and the other arguments', async () => {
    await copy(['a.db', '--to', 'b.db', 'c.db'])
    expect(seen.splice(0)).toEqual(['b.db', false, ['a.db', 'c.db']])
  })

  it('prints the help instead where it is asked for', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    await copy(['a.db', '-h'])
    expect(write.mock.calls).toEqual([['Usage: copy\n']])
    write.mockRestore()
    expect(seen).toEqual([])
  })

  it('refuses unknown options, and arguments where it takes none', async () => {
    await expect(copy(['--from', 'a.db'])).rejects.toThrow(new UsageError("Unknown option '--from'; see --help"))
    const list = command({ help: '' }, () => {})
    await expect(list(['a.db'])).rejects.toThrow(new UsageError("Unexpected argument 'a.db'; see --help"))
  })
})

it('commandNamed() finds a command by its name, and names all of them where there is none', () => {
  expect(commandNamed({ copy: 1, verify: 2 }, 'verify')).toBe(2)
  for (const name of ['copies', 'toString']) {
    expect(() => commandNamed({ copy: 1, verify: 2 }, name)).toThrow(`command "${name}"; there are copy, verify`)
  }
})

describe('numberOf(), rangeOf() and wholeNumberOf()', () => {
  it('read numbers', () => {
    expect([numberOf('1e-2', 'alpha'), rangeOf('-9,99', 'range')]).toEqual([0.01, [-9, 99]])
    expect([wholeNumberOf('0', 'seed', 0), wholeNumberOf(undefined, 'seed', 0)]).toEqual([0, null])
  })

  it.each(['', 'x', 'NaN', 'Infinity'])('refuse %j', text => {
    expect(() => numberOf(text, 'alpha')).toThrow('--alpha must be a number')
    expect(() => wholeNumberOf(text, 'seed', 0)).toThrow('--seed must be a whole number of at least 0')
  })

  it.each(['1', '1,0', '0,1,2'])('refuse %j as a range', text => {
    expect(() => rangeOf(text, 'range')).toThrow('--range must be LOW,HIGH')
  })
})
