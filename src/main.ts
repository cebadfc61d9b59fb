// Starts the service. Whatever it is made of is imported after this file: so the next start finds it compiled.
import { enableCompileCache } from 'node:module'

const { directory } = enableCompileCache()
// By the variable its threads, and the processes that it starts, find it too.
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory

await (await import('./start.ts')).start()
