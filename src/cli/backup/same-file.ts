// Whether two paths lead to one file, by whatever links.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

export function isSameFile(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true
  if (!existsSync(one) || !existsSync(other)) return false
  const [here, there] = [statSync(one), statSync(other)]
  return here.dev === there.dev && here.ino === there.ino
}
