#!/usr/bin/env node
// The entry of every command. What it imports afterwards is compiled once and kept for the next
// start. This file is not TypeScript: what strips types would take 10 MB of memory.
import { enableCompileCache } from 'node:module'

const { directory } = enableCompileCache()
// By the variable its threads, and the processes that it starts, find it too.
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory

const { runCommandLine } = await import('../src/cli/command-line.ts')
await runCommandLine(process.argv.slice(2))
