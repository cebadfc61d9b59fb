import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { curlCommand } from '../../../src/views/html/curl.ts'

describe('curlCommand()', () => {
  it('is what a person would write', () => {
    const body = { arms: [{ key: 'a' }, { key: 'b', payload: [1, {}] }], alpha: 0.1 }
    expect(
      curlCommand({ method: 'PUT', address: 'http://localhost:8080/experiments/x', body, keyVariable: 'KEY' }),
    ).toBe(
      `curl -X PUT http://localhost:8080/experiments/x -H "authorization: Bearer $KEY" -H 'content-type: application/json' -d '{
  "arms": [
    {"key": "a"},
    {"key": "b", "payload": [1, {}]}
  ],
  "alpha": 0.1
}'`,
    )
  })

  it('reaches curl as it was meant, whatever is in it', () => {
    const body = { text: `it's "so" $HOME \`id\` \\ [ ] { } \n end`, list: [`'; touch /x; '`] }
    const command = curlCommand({ method: 'POST', address: `http://h/'; id #`, body, keyVariable: null })
    const shell = `curl() { printf '%s\\0' "$@"; }\n${command}`
    const words = execFileSync('sh', ['-c', shell]).toString().split('\0')
    expect(words.slice(0, 3)).toEqual(['-X', 'POST', `http://h/'; id #`])
    expect(JSON.parse(words.at(-2) ?? '')).toEqual(body)
  })
})
