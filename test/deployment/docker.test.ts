import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const exists = (name: string) => existsSync(join(root, name));

/** The instructions of the Dockerfile, in order, without comments and with continued lines joined. */
const instructions = read('Dockerfile')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [name = '', ...rest] = line.split(/\s+/);
    return { name, value: rest.join(' ') };
  });
type Instructions = typeof instructions;

const valuesOf = (list: Instructions, name: string) =>
  list.filter((each) => each.name === name).map((each) => each.value);
const values = (name: string) => valuesOf(instructions, name);

/** The instructions of a target: those of its own stage, after those of the stages that it builds on. */
function target(name: string): Instructions {
  const start = instructions.findIndex((each) => each.name === 'FROM' && each.value.endsWith(` AS ${name}`));
  expect(start, `no stage named ${name}`).toBeGreaterThanOrEqual(0);
  const next = instructions.findIndex((each, index) => index > start && each.name === 'FROM');
  const own = instructions.slice(start, next === -1 ? undefined : next);
  const [from = ''] = own[0]?.value.split(' ') ?? [];
  return from.includes(':') ? own : [...target(from), ...own];
}

const TARGETS = {
  idp: { program: 'src/main.ts', own: ['ic-idp', 'src'], install: '--no-audit', health: '/health/live' },
  sandbox: { program: 'sandbox/main.ts', own: ['sandbox'], install: '--workspace sandbox', health: '/health' },
};

const serviceSchema = z.object({
  build: z.object({ context: z.literal('.'), target: z.string() }).optional(),
  image: z.string(),
  user: z.string().optional(),
  command: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  environment: z.record(z.string(), z.string()),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()),
  read_only: z.literal(true),
  privileged: z.undefined().optional(),
  cap_add: z.undefined().optional(),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })).default({}),
  healthcheck: z.object({ test: z.tuple([z.literal('CMD')], z.string()) }),
});
const composeSchema = z.object({
  services: z.object({ idp: serviceSchema, sandbox: serviceSchema, postgres: serviceSchema }),
  volumes: z.record(z.string(), z.unknown()),
});
const text = read('docker-compose.yml');
const yaml = (name: string) => parse(read(name), { merge: true });
const alone = yaml('docker-compose.yml');
const added = yaml('docker-compose.sandbox.yml');
// Docker joins the two files like this: lists are appended. The schema is a check too: it rejects a service that can write
// its root, gain a privilege, or has no health check.
const { services, volumes } = composeSchema.parse({
  ...alone,
  services: {
    ...alone.services,
    ...added.services,
    idp: { ...alone.services.idp, ports: [...alone.services.idp.ports, ...added.services.idp.ports] },
  },
});

describe.each(Object.entries(TARGETS))('the target %s of the Dockerfile', (name, expected) => {
  const stage = target(name);
  const last = (instruction: string) => valuesOf(stage, instruction).at(-1) ?? '';

  test('runs Node 24, with its own production dependencies from the lock file only', () => {
    expect(valuesOf(stage, 'FROM')[0]).toMatch(/^node:24-/);
    expect(valuesOf(stage, 'RUN')[0]).toContain(`npm ci --omit=dev ${expected.install} `);
  });

  test('ends as a non-root user, and copies nothing afterwards', () => {
    expect(last('USER')).toBe('node');
    const user = stage.findLastIndex((each) => each.name === 'USER');
    expect(stage.slice(user).some((each) => ['COPY', 'ADD', 'RUN'].includes(each.name))).toBe(false);
  });

  test('has its own files and not those of the other target', () => {
    expect(valuesOf(stage, 'COPY')).toEqual([
      'package.json package-lock.json ./',
      ...expected.own.map((name) => `${name} ./${name}`),
    ]);
  });

  test('starts a file that exists and is in the image', () => {
    expect(JSON.parse(last('CMD'))).toEqual(['node', expected.program]);
    expect(exists(expected.program)).toBe(true);
  });

  test('has a health check for the program', () => {
    const [, list = ''] = last('HEALTHCHECK').split(/ CMD (?=\[)/);
    const command = z.tuple([z.literal('node'), z.literal('-e'), z.string()]).parse(JSON.parse(list));
    expect(command[2]).toContain(`'${expected.health}'`);
  });
});

describe('Dockerfile', () => {
  test('copies only files that exist and that .dockerignore does not exclude', () => {
    const ignore = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const copied = values('COPY').flatMap((value) => value.split(' ').slice(0, -1));
    expect(copied.filter((file) => !exists(file))).toEqual([]);
    expect(ignore[0]).toBe('*');
    expect(ignore.slice(1).sort()).toEqual(copied.map((file) => `!${file}`).sort());
    expect(values('ADD')).toEqual([]);
  });

  test('contains no secret', () => {
    expect([...values('ENV'), ...values('ARG')].join(' ')).not.toMatch(
      /MASTER_KEY|PASSWORD|DATABASE_URL|SECRET|TOKEN/i,
    );
  });
});

describe('docker-compose.yml', () => {
  test('takes its secrets from the environment, and says what to set if they are missing', () => {
    const secret = (name: string) => new RegExp(`^\\$\\{${name}:\\?Set ${name}\\b[^}]+\\.\\}$`);
    expect(services.postgres.environment.POSTGRES_PASSWORD).toMatch(secret('POSTGRES_PASSWORD'));
    expect(services.idp.environment.MASTER_KEY).toMatch(secret('MASTER_KEY'));
    const [, password] =
      /^postgres:\/\/ic_idp:(\$\{.*\})@postgres:5432\/ic_idp$/.exec(services.idp.environment.DATABASE_URL ?? '') ?? [];
    expect(password).toMatch(secret('POSTGRES_PASSWORD'));
    // None of them ever has a default or is used without this check.
    expect(text.match(/\$\{?(POSTGRES_PASSWORD|MASTER_KEY)(?!:\?Set )/)).toBeNull();
  });

  test('publishes its ports on the loopback interface only, and the database not at all', () => {
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(services.postgres.ports).toEqual([]);
  });

  test('builds the service and the sandbox from their targets, and names an existing command', () => {
    for (const name of ['idp', 'sandbox'] as const) {
      expect(services[name].build?.target).toBe(name);
      expect(services[name].command).toBeUndefined();
    }
    expect(services.sandbox.image).not.toBe(services.idp.image);
    expect(text).toMatch(/^# The command line: docker compose exec idp ic-idp /m);
    expect(valuesOf(target('idp'), 'RUN')).toContain('ln -s /app/ic-idp /usr/local/bin/ic-idp');
    expect(exists('ic-idp')).toBe(true);
  });

  test('runs nothing as root', () => {
    // Our images run as node; the postgres image would run as root.
    expect([services.idp.user, services.sandbox.user, services.postgres.user]).toEqual([
      undefined,
      undefined,
      'postgres',
    ]);
  });

  test('lets every service write to /tmp, and the database to its volume', () => {
    for (const service of Object.values(services)) expect(service.tmpfs).toContain('/tmp');
    expect(services.postgres.image).toMatch(/^postgres:17\b/);
    expect(services.postgres.volumes).toEqual(['postgres-data:/var/lib/postgresql/data']);
    expect(Object.keys(volumes)).toEqual(['postgres-data']);
    expect(services.sandbox.volumes).toEqual([]);
  });

  test('starts each service once its dependencies are healthy', () => {
    expect(Object.keys(services.idp.depends_on)).toEqual(['postgres']);
    expect(Object.keys(services.sandbox.depends_on)).toEqual(['idp']);
    expect(services.idp.healthcheck.test.join(' ')).toContain("'http://127.0.0.1:3000/health/ready'");
    expect(services.sandbox.healthcheck.test.join(' ')).toContain("'http://127.0.0.1:4000/health'");
    expect(services.postgres.healthcheck.test.join(' ')).toContain('pg_isready --host=127.0.0.1');
  });

  test('gives the service only known settings, on the published port', async () => {
    const { settingsSchema } = await import('../../src/config.ts');
    const known = Object.keys(settingsSchema.shape);
    expect(Object.keys(services.idp.environment).filter((name) => !known.includes(name))).toEqual([]);
    expect(services.idp.environment.HOST).toBe('0.0.0.0');
    expect(services.idp.ports).toContain(`127.0.0.1:3000:${services.idp.environment.PORT}`);
  });

  test('shows the command line the files in ./metadata, and passes an HSM’s settings on', () => {
    expect(services.idp.volumes).toEqual(['./metadata:/app/metadata:ro']);
    expect(values('WORKDIR')).toEqual(['/app']);
    expect(exists('metadata')).toBe(true);
    for (const name of ['PKCS11_LIBRARY', 'PKCS11_TOKEN', 'PKCS11_PIN']) {
      expect(services.idp.environment[name]).toBe(`\${${name}:-}`);
    }
  });

  test('has neither the sandbox nor its port without docker-compose.sandbox.yml, which changes nothing else', () => {
    expect(Object.keys(alone.services)).toEqual(['idp', 'postgres']);
    expect(alone.services.idp.ports).toEqual(['127.0.0.1:3000:3000']);
    expect(Object.keys(added.services.idp)).toEqual(['ports']);
    expect(Object.keys(added.services)).toEqual(['idp', 'sandbox']);
  });

  test('messages in the container name the command as it is typed outside', () => {
    expect(valuesOf(target('idp'), 'ENV').join(' ')).toContain('IC_IDP_COMMAND="docker compose exec idp ic-idp"');
  });

  test('lets the sandbox reach the service at its public URL on localhost', () => {
    expect(services.sandbox.network_mode).toBe('service:idp');
    expect(services.sandbox.environment.SANDBOX_HOST).toBe('0.0.0.0');
    expect(services.idp.ports).toContain(`127.0.0.1:4000:${services.sandbox.environment.SANDBOX_PORT}`);
  });
});
