import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AUDIT_EVENT_NAMES, type AuditEvent, auditCatalog } from '../../../src/core/audit/events.ts';

test('every event in the catalog has a two-part name, a sentence, and a description of each detail', () => {
  for (const name of AUDIT_EVENT_NAMES) {
    const { meaning, details } = auditCatalog[name];
    expect(name).toMatch(/^[a-z_]+\.[a-z_]+$/);
    expect(meaning, name).toMatch(/^[A-Z].*\.$/);
    for (const [detail, words] of Object.entries(details)) expect(words, `${name} ${detail}`).not.toBe('');
  }
});

test('every event in the catalog is written somewhere', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== 'audit/events.ts')
    .map((path) => readFileSync(`src/${path}`, 'utf8'))
    .join('\n');
  for (const name of AUDIT_EVENT_NAMES) expect(sources, name).toContain(`'${name}'`);
});

/** What `tsc` accepts. Each marked line must be an error; otherwise the mark itself is one. */
test('the compiler enforces the catalog', () => {
  const reference = 'amber-otter-lake';
  const events: AuditEvent[] = [
    { event: 'sign_in.failed', reference, details: { reason: 'wrong_password' } },
    { event: 'sign_in.succeeded', reference, userId: 'id', email: 'ada@example.com', details: { beganBy: 'password' } },
    { event: 'biller.removed', reference, details: { actor: 'cli:ada', slug: 'riverton' } },
    { event: 'user.updated', reference, details: { actor: 'cli:ada', changed: ['password'] } },
    // @ts-expect-error no such event
    { event: 'sign_in.tried', reference, details: { beganBy: 'password' } },
    // @ts-expect-error a detail is missing
    { event: 'sign_in.failed', reference, details: { beganBy: 'password' } },
    // @ts-expect-error a detail that is not in the catalog
    { event: 'sign_in.failed', reference, details: { reason: 'disabled', email: 'ada@example.com' } },
    // @ts-expect-error a detail of an event that has none
    { event: 'sign_in.succeeded', reference, details: { email: 'ada@example.com' } },
    // @ts-expect-error details are texts, numbers or lists of texts
    { event: 'sign_in.failed', reference, details: { reason: { deep: true } } },
    // @ts-expect-error every event needs a reference
    { event: 'sign_in.succeeded', details: { beganBy: 'password' } },
  ];
  expect(events).toHaveLength(10);
});
