// Starts the service. What it is made of is imported after this file, so that the next start finds
// it compiled. This file itself is never found so: in TypeScript it would load what strips types,
// which takes 10 MB of memory.
import { enableCompileCache } from 'node:module'

const { directory } = enableCompileCache()
// By the variable its threads, and the processes that it starts, find it too.
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory

await (await import('../src/server/start.ts')).start()
