import type { Profiler } from 'node:inspector';
import type { Table } from '../table.ts';

export type CpuProfile = Profiler.Profile;

const MODULES = 30;
const FUNCTIONS = 40;
const ROOT = new URL('../../', import.meta.url).href;

/** The package or the file of ours that a script belongs to. */
function moduleOf(url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8';
  if (url.startsWith('node:')) return url;
  const packages = url.split('/node_modules/');
  if (packages.length > 1)
    return (packages.at(-1) ?? '')
      .split('/')
      .slice(0, packages.at(-1)?.startsWith('@') ? 2 : 1)
      .join('/');
  return url.replace(ROOT, '');
}

/**
 * Shows where the main thread spent its time, by module and by function: time in the code itself, without what it
 * called.
 *
 * @param signOns how many the profile covers
 */
export function profileTables(key: string, title: string, profile: CpuProfile, signOns: number): Table[] {
  const deltas = profile.timeDeltas ?? [];
  const selfTime = new Map<number, number>();
  for (const [index, id] of (profile.samples ?? []).entries()) {
    selfTime.set(id, (selfTime.get(id) ?? 0) + (deltas[index] ?? 0));
  }
  const modules = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const { id, callFrame } of profile.nodes) {
    const time = selfTime.get(id) ?? 0;
    const module = moduleOf(callFrame.url, callFrame.functionName);
    if (time === 0 || module === '(idle)') continue;
    modules.set(module, (modules.get(module) ?? 0) + time);
    const name = `${callFrame.functionName || '(anonymous)'}  ${module}:${callFrame.lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + time);
  }
  const total = [...modules.values()].reduce((sum, time) => sum + time, 0);
  const table = (part: string, heading: string, times: ReadonlyMap<string, number>, count: number): Table => ({
    key: `${key}-${part}`,
    title: `${title}: main thread by ${part}, time in itself`,
    columns: [
      { key: 'name', heading },
      { key: 'microseconds', heading: 'µs each', digits: 1 },
      { key: 'share', heading: '%', digits: 1 },
    ],
    rows: [...times]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, time]) => ({ name, microseconds: time / signOns, share: (100 * time) / total })),
  });
  return [table('module', 'module', modules, MODULES), table('function', 'function', functions, FUNCTIONS)];
}
