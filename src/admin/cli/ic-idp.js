#!/usr/bin/env node
// @ts-check
// In JavaScript, because the first TypeScript file that is not in the cache costs 0.1 s: Node loads its parser.
import { cacheCompiledCode } from './compile-cache.js';

// Before anything else is loaded, so that all of it comes from the cache.
cacheCompiledCode();
await import('./command-line.ts');
