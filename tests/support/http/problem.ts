// What every refusal must look like, whatever it refuses.
import { expect } from 'vitest'
import type { Answer } from './answer.ts'

/**
 * A problem as RFC 9457 and the interface want it, which tells nothing of the inside. Returns the
 * paths of its faults.
 */
export function expectProblem(answer: Answer, status: number, code: string): string[] {
  expect({ status: answer.status, code: answer.body?.code }, answer.text.slice(0, 500)).toEqual({ status, code })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const { body } = answer
  expect(body).toMatchObject({ type: expect.any(String), title: expect.any(String), status, code })
  expect(body.detail).toMatch(/\S/)
  expect(body.requestId).toMatch(/\S/)
  expect(answer.text).not.toMatch(/node_modules|node:internal|\.ts:\d|SqliteError|\bat \w+ \(/)
  if (body.errors === undefined) return []
  for (const fault of body.errors) expect(fault).toEqual({ path: expect.any(String), message: expect.any(String) })
  return body.errors.map(({ path }: { path: string }) => path)
}
