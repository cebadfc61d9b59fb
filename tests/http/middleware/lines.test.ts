import { describe, expect, it } from 'vitest'
import { type Line, linesOf } from '../../../src/http/middleware/lines.ts'
import { seededRandom } from '../../support/samples/random.ts'

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function read(chunks: readonly (string | Uint8Array)[], limit = 100): Promise<[number, string | null][]> {
  const lines: Line[] = []
  for await (const some of linesOf(streamOf(chunks.map(chunk => Buffer.from(chunk))), limit)) lines.push(...some)
  return lines.map(({ number, bytes }) => [number, bytes?.toString() ?? null])
}

describe('linesOf()', () => {
  it.each<[name: string, chunks: string[], lines: string[]]>([
    ['nothing', [], []],
    ['an empty chunk', [''], []],
    ['one line', ['a\n'], ['a']],
    ['a last line without an end', ['a\nb'], ['a', 'b']],
    ['an empty line', ['\n'], ['']],
    ['empty lines between', ['a\n\n\nb\n'], ['a', '', '', 'b']],
    ['a line in pieces', ['a', 'b', '', 'c\nd'], ['abc', 'd']],
    ['an end in a chunk of its own', ['a', '\n', 'b', '\n'], ['a', 'b']],
    ['a carriage return, which stays', ['a\r\nb\r'], ['a\r', 'b\r']],
    ['other line separators, which end no line', ['a\u2028b\u0085c\vd\n'], ['a\u2028b\u0085c\vd']],
  ])('numbers lines from 1: %s', async (_name, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines.map((line, position) => [position + 1, line]))
  })

  it.each<[name: string, chunks: string[], lines: (string | null)[]]>([
    ['as long as the limit', ['12345\n'], ['12345']],
    ['as long as the limit, in pieces', ['123', '45', '\n'], ['12345']],
    ['one byte longer', ['123456\n'], [null]],
    ['one byte longer, in pieces', ['12345', '6', '\n'], [null]],
    ['longer, without an end', ['a\n123456'], ['a', null]],
    [
      'much longer, and then others',
      ['x'.repeat(1_000), 'x'.repeat(1_000), '\na\n', '12', '3456\nb'],
      [null, 'a', null, 'b'],
    ],
    ['longer in bytes than in characters', ['ééé\n'], [null]],
  ])('passes over a line beyond the limit, and keeps its number: %s', async (_name, chunks, lines) => {
    expect(await read(chunks, 5)).toEqual(lines.map((line, position) => [position + 1, line]))
  })

  it('reads the same lines however the bytes are cut', async () => {
    const random = seededRandom(11)
    const text = ['{"a":1}', '', 'é😀', 'x'.repeat(20), '\r', 'end'].join('\n')
    const bytes = Buffer.from(text)
    const whole = await read([bytes], 19)
    expect(whole).toHaveLength(6)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await read([bytes.subarray(0, cut), bytes.subarray(cut)], 19)).toEqual(whole)
    }
    expect(
      await read(
        [...bytes].map(byte => Uint8Array.of(byte)),
        19,
      ),
    ).toEqual(whole)
    for (let times = 0; times < 50; times++) {
      const cuts = Array.from({ length: 4 }, () => Math.floor(random() * bytes.length)).sort((a, b) => a - b)
      const chunks = [0, ...cuts].map((from, position) => bytes.subarray(from, cuts[position] ?? bytes.length))
      expect(await read(chunks, 19)).toEqual(whole)
    }
  })

  it('asks for no more than it needs', async () => {
    let asked = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (; ; asked++) yield Buffer.from('a\nb\n')
    }
    const lines = linesOf(endless(), 100)
    for (let n = 0; n < 2; n++) await lines.next()
    expect(asked).toBeLessThanOrEqual(2)
    await lines.return(undefined)
  })

  it('passes on what goes wrong with the stream, and tells of no line that is not whole', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('whole\nha')
      throw new Error('gone')
    }
    const seen: number[] = []
    const readAll = async () => {
      for await (const lines of linesOf(broken(), 100)) seen.push(...lines.map(({ number }) => number))
    }
    await expect(readAll()).rejects.toThrow('gone')
    expect(seen).toEqual([1])
  })
})
