import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { HINTS, inCliWords } from '../../../src/admin/cli/hints.ts';
import { FIELD_OPTIONS, optionOf } from '../../../src/admin/cli/options/field-options.ts';
import { SETTING_OPTIONS } from '../../../src/admin/cli/options/setting-names.ts';
import { createProgram } from '../../../src/admin/cli/program.ts';
import {
  actorWithEveryRole,
  defineOperation,
  performOperation,
  ROLES,
  time,
} from '../../../src/admin/operations/operation.ts';
import { isOperationName, operationNames, operations, requireRoles } from '../../../src/admin/operations/registry.ts';
import { perform } from '../../../src/admin/operations/run.ts';
import { billerSettingsSchema } from '../../../src/core/billers/settings.ts';
import { InputError } from '../../../src/platform/errors/idp-error.ts';
import { type InputCode, inputCodes } from '../../../src/platform/errors/input-codes.ts';
import { ofCheckout } from '../../support/programs/cli.ts';

const program = await createProgram();
const actor = actorWithEveryRole('test');

/** A command and all its subcommands. */
const allCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(allCommands)];
const spelled = new Set(
  allCommands(program).flatMap(({ options, registeredArguments }) => [
    ...options.map(({ long }) => long),
    ...registeredArguments.map((argument) => `<${argument.name()}>`),
  ]),
);

describe('the map of operations', () => {
  test('lists every operation, with its role, schemas and services', async () => {
    expect(operationNames.length).toBeGreaterThan(35);
    for (const name of operationNames) {
      const { role, load } = operations[name];
      expect(ROLES, name).toContain(role);
      expect(await load(), name).toMatchObject({ uses: expect.any(Array), run: expect.any(Function) });
    }
    expect(isOperationName('toString')).toBe(false);
  });

  test.each([undefined, 'root', ''])('an operation with the role %j is refused at startup', (role) => {
    expect(() => requireRoles({ 'biller.burn': { role } })).toThrow('The operation biller.burn states no role.');
  });

  test('every result can be described by a JSON Schema', async () => {
    for (const name of operationNames) {
      const { output } = await operations[name].load();
      expect(() => z.toJSONSchema(output, { io: 'output' }), name).not.toThrow();
    }
  });
});

describe('an operation', () => {
  const probe = defineOperation({
    uses: ['publicUrl'],
    input: z.strictObject({ days: z.number().max(3) }),
    output: z.object({ at: time, services: z.array(z.string()) }),
    run: async (services, { days }) => {
      const more = { secret: 'sealed' };
      return { at: new Date(days), services: Object.keys(services), ...more };
    },
  });
  const services = { publicUrl: 'https://idp.example', clock: Date.now };

  test('gets only the services that it uses, and returns only what it declares', async () => {
    expect(await performOperation(probe, services, { days: 1 }, actor)).toEqual({
      at: '1970-01-01T00:00:00.001Z',
      services: ['publicUrl'],
    });
  });

  test('says that it was carried out if its result is not as declared', async () => {
    const broken = { ...probe, run: async () => ({ at: 'yesterday', services: [] }) };
    await expect(performOperation(broken, services, { days: 1 }, actor)).rejects.toThrow(
      'The operation was carried out, but its result is not as declared at "at"',
    );
  });

  test('is refused to an actor without its role, before anything is loaded or read', async () => {
    const viewer = { name: 'viv', roles: ['viewer'] } as const;
    let asked = false;
    const ask = async () => {
      asked = true;
      return {};
    };
    for (const name of operationNames) {
      if (operations[name].role === 'viewer') continue;
      await expect(perform(name, ask, {}, viewer), name).rejects.toMatchObject({
        code: 'role_missing',
        complaint: `${name} needs the role ${operations[name].role}, which viv does not have.`,
      });
    }
    expect(asked).toBe(false);
  });

  test('reports refused input by the path of the field', async () => {
    await expect(performOperation(probe, services, { days: 4 }, actor)).rejects.toMatchObject({
      code: 'input_invalid',
      field: 'days',
      given: '4',
      complaint: 'must be at most 3.',
    });
  });
});

describe('the words of the command line', () => {
  test('every field of every operation has an option or argument that the program has', async () => {
    for (const name of operationNames) {
      const { input } = await operations[name].load();
      for (const field of Object.keys((input as z.ZodObject).shape)) {
        if (field === 'settings') continue;
        const option = optionOf(name, field);
        expect(FIELD_OPTIONS, `${name} ${field}`).toHaveProperty(field);
        // Two have no option: a state, which the command passes on, and a password, which is never typed there.
        if (!/^[-<]/.test(option)) expect(['state', 'password'], `${name} ${field}`).toContain(field);
        else expect(spelled, `${name} ${field}`).toContain(option);
      }
    }
  });

  test('every setting has options that the program has', () => {
    expect(Object.keys(SETTING_OPTIONS).sort()).toEqual(Object.keys(billerSettingsSchema.shape).sort());
    for (const option of Object.values(SETTING_OPTIONS).flat()) expect(spelled).toContain(option);
    expect(optionOf('biller.add', 'settings.loginTypes.owner')).toBe('--login-type (owner)');
  });

  test('every command and option in a hint exists', () => {
    const paths = allCommands(program).map((command) => command.name());
    for (const code of Object.keys(HINTS) as InputCode[]) {
      const { message } = inCliWords(new InputError('No.', { code, names: { biller: 'riverton' } }), 'biller.update');
      expect(message, code).toMatch(/^No\. \S.*\.$/);
      expect(message, code).not.toContain('undefined');
      for (const [option] of message.matchAll(/--[a-z-]+/g)) expect([...spelled, '--help'], code).toContain(option);
      for (const [, words = ''] of message.matchAll(/`ic-idp ([a-z -]+)/g)) {
        for (const word of words.trim().split(' ').slice(0, 2)) {
          if (/^[a-z]/.test(word) && word !== 'riverton') expect(paths, code).toContain(word);
        }
      }
    }
  });

  test('an error names the option and the value, and says what is wrong and what to do', () => {
    const error = new InputError('must be at most 300.', { field: 'settings.clockSkewSeconds', given: '301' });
    expect(inCliWords(error, 'biller.update').message).toBe('--clock-skew "301": must be at most 300.');
    const missing = new InputError('There is no biller "x".', { code: 'biller_not_found' });
    expect(inCliWords(missing, 'biller.show').message).toBe('There is no biller "x". `ic-idp biller list` shows all.');
  });
});

test('only the command line’s code names options', () => {
  const offenders = readdirSync(ofCheckout('src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith(join('admin', 'cli')))
    // The options there are those of PostgreSQL's programs.
    .filter((path) => !path.startsWith(join('platform', 'database', 'embedded')))
    .flatMap((path) =>
      [...readFileSync(join(ofCheckout('src'), path), 'utf8').matchAll(/(?<![\w<!-])--[a-z][\w-]*/g)].map(
        ([option]) => `${path}: ${option}`,
      ),
    );
  expect(offenders).toEqual([]);
});

test('every input error code is used', () => {
  const code = readdirSync(ofCheckout('src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/input-codes|hints/.test(path))
    .map((path) => readFileSync(join(ofCheckout('src'), path), 'utf8'))
    .join('\n');
  for (const name of Object.keys(inputCodes)) expect(code).toContain(`'${name}'`);
});
