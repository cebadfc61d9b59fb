// What the disk asks for one durable page: appends 4 KiB and syncs, for so many seconds; prints how
// long each took, in ms, as JSON. Arguments: the file, the seconds.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

const [, , path = '', seconds = '1'] = process.argv
const page = Buffer.alloc(4_096, 1)
const file = openSync(path, 'w')
const times: number[] = []
const until = performance.now() + 1_000 * Number(seconds)
while (performance.now() < until) {
  const startedAt = performance.now()
  writeSync(file, page)
  fsyncSync(file)
  times.push(performance.now() - startedAt)
}
closeSync(file)
process.stdout.write(JSON.stringify(times))
