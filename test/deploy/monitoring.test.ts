import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { errorCatalog } from '../../src/platform/errors/catalog.ts';
import { assertionIdIn, createPortalClient } from '../support/browser/portal-client.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestStorage } from '../support/postgres/storage.ts';
import { ofCheckout } from '../support/programs/cli.ts';
import { endService, startService } from '../support/programs/service.ts';
import { EMAIL, PASSWORD } from '../support/stage.ts';

const ALERTS = ofCheckout('deploy/prometheus/alerts.yml');
const read = (path: string) => readFileSync(ofCheckout(path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
const rules = (parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly expr: string }[];
}
const dashboard = JSON.parse(read('deploy/grafana/dashboard.json')) as {
  schemaVersion: number;
  uid: string;
  templating: { list: { name: string; definition?: string }[] };
  panels: Panel[];
};
const panelQueries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const queries = [
  ...rules.map(({ expr }) => expr),
  ...panelQueries,
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];

/** The metrics that a query names, each with the labels that it selects or groups by. */
function metricsIn(query: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
  for (const [, name = '', matchers = ''] of query.matchAll(
    /\b((?:ic_idp|process|nodejs)_\w+|up\b)(?:\{([^}]*)\})?/g,
  )) {
    const selected = [...matchers.matchAll(/(\w+)\s*(?:=|!=|=~|!~)\s*"/g)].map(([, label = '']) => label);
    found.set(name, new Set([...(found.get(name) ?? []), ...selected, ...grouped]));
  }
  return found;
}

/** What Prometheus adds to each sample, and what it makes itself. */
const OF_PROMETHEUS = { labels: ['job', 'instance'], metrics: ['up'] };

describe('the metrics that the alerts and the dashboard name', () => {
  let storage: TestStorage;
  let exported: Map<string, Set<string>>;

  beforeAll(async () => {
    storage = await createTestStorage();
    const { services, close } = await storage.open();
    const operate = (name: string, input: unknown) => runNamed(services, name, input, actorWithEveryRole('test'));
    const biller = { slug: 'riverton', name: 'Riverton', billerGuid: crypto.randomUUID() };
    await operate('biller.add', { ...biller, entityId: TEST_SP, acs: [TEST_ACS] });
    await operate('user.add', { biller: 'riverton', email: EMAIL, password: PASSWORD, accounts: ['101Invoice:owner'] });
    await close();
    const service = await startService(storage.environment, storage.folder);
    const client = createPortalClient(service.url);
    await client.signIn('riverton', EMAIL, PASSWORD);
    expect(assertionIdIn((await client.signOn('riverton', TEST_SP)).body)).toMatch(/^_/);
    exported = new Map();
    for (const line of (await client.get('/metrics')).body.split('\n')) {
      const [, declared] = /^# TYPE (\w+) (?!histogram)/.exec(line) ?? [];
      if (declared !== undefined) exported.set(declared, exported.get(declared) ?? new Set());
      const [, name, labels = ''] = /^(\w+)(?:\{([^}]*)\})? /.exec(line) ?? [];
      if (name === undefined) continue;
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      exported.set(name, new Set([...(exported.get(name) ?? []), ...names]));
    }
    client.close();
    await endService(service);
  });
  afterAll(() => storage.remove());

  test('are found in a query', () => {
    const query = 'sum by (biller, le) (rate(ic_idp_a_total{outcome!~"b|c", job="$job"}[5m])) > 2 * up';
    expect(metricsIn(query).get('ic_idp_a_total')).toEqual(new Set(['outcome', 'job', 'biller', 'le']));
    expect([...metricsIn(query).keys()]).toEqual(['ic_idp_a_total', 'up']);
  });

  test('are exported by a running service, with these labels', () => {
    for (const query of queries) {
      const named = metricsIn(query);
      expect(named.size, query).toBeGreaterThan(0);
      for (const [metric, labels] of named) {
        if (OF_PROMETHEUS.metrics.includes(metric)) continue;
        expect([...exported.keys()], query).toContain(metric);
        // One without samples yet has no labels here; its own are in src/platform/metrics.ts.
        const known = [...(exported.get(metric) ?? []), ...OF_PROMETHEUS.labels];
        if (known.length > OF_PROMETHEUS.labels.length)
          expect(known, query).toEqual(expect.arrayContaining([...labels]));
      }
    }
  });

  test('include each metric of the service itself, on the dashboard', () => {
    const own = [...exported.keys()].filter((name) => name.startsWith('ic_idp_') && !/_(sum|count)$/.test(name));
    const shown = panelQueries.flatMap((query) => [...metricsIn(query).keys()]);
    expect([...new Set(shown)]).toEqual(expect.arrayContaining(own));
  });

  test('have outcomes that exist', () => {
    const outcomes = queries.flatMap((query) =>
      [...query.matchAll(/outcome\s*(?:=|!=|=~|!~)\s*"([^"]*)"/g)].flatMap(([, names = '']) => names.split('|')),
    );
    expect([...Object.keys(errorCatalog), 'issued']).toEqual(expect.arrayContaining(outcomes));
  });
});

describe('the alert rules', () => {
  test('are valid, and each fires when it should and not otherwise', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ic-idp-alerts-'));
    const tests = join(folder, 'alerts.test.yml');
    writeFileSync(tests, `rule_files: ["${ALERTS}"]\n${read('test/deploy/alerts.test.yml')}`);
    const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8' });
    const [checked, tested] = [promtool('check', 'rules', ALERTS), promtool('test', 'rules', tests)];
    rmSync(folder, { recursive: true });
    expect(checked, checked.stderr).toMatchObject({ status: 0 });
    expect(tested, tested.stdout + tested.stderr).toMatchObject({ status: 0 });
  });

  test('each has a case in which it fires and one in which it does not', () => {
    const { tests } = parse(read('test/deploy/alerts.test.yml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap((each) => each.alert_rule_test);
    for (const { alert } of rules) {
      const of = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: { length } }) => length > 0);
      expect(new Set(of), alert).toEqual(new Set([true, false]));
    }
  });
});

test('the dashboard is a model that Grafana imports: panels with targets that do not overlap', () => {
  expect(dashboard.schemaVersion).toBe(39);
  expect(dashboard.uid).toBe('ic-idp');
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, type, targets, gridPos } of panels) {
    expect(['stat', 'table', 'timeseries']).toContain(type);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.has(`${x},${y}`), title).toBe(false);
        taken.add(`${x},${y}`);
      }
    }
  }
});

test('promtool parses every query of the dashboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-queries-'));
  const file = join(folder, 'queries.yml');
  const record = panelQueries.map((query, index) => ({
    record: `query:${index}`,
    expr: query.replaceAll('$__rate_interval', '5m'),
  }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: record }] }));
  const checked = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(checked, checked.stderr).toMatchObject({ status: 0 });
});
