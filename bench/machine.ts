import { availableParallelism, cpus, totalmem } from 'node:os';

/** What the bench runs on. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  openssl: process.versions.openssl,
});

/** The same in one line. */
export function describeMachine(): string {
  const { cpu, cores, memoryGb, node, openssl } = machine();
  return `${cpu}, ${cores} cores, ${memoryGb} GB; Node ${node}, OpenSSL ${openssl}`;
}
