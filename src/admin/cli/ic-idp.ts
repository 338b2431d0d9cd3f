#!/usr/bin/env node
import { cacheCompiledCode } from './compile-cache.ts';

// Before anything else is loaded, so that all of it comes from the cache.
cacheCompiledCode();
await import('./command-line.ts');
