import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { plainEnvironment } from '../support/programs/cli.ts';
import { freePort } from '../support/programs/free-port.ts';
import { blocksOf, readPage } from './pages.ts';

const blocks = blocksOf(readPage('docs/portal-integration.md'));

/** @returns the text of every block of the page in this language, in order */
export const blocksIn = (language: string) =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

/** A whole portal of docs/portal-integration.md, and how it is run. */
export interface PortalProgram {
  readonly language: string;
  readonly file: string;
  /** What must happen in its folder before the first start. */
  readonly build?: (folder: string) => Promise<void>;
  readonly command: (port: number) => readonly [string, ...string[]];
}

/** A portal that answers. */
export interface RunningPortal {
  readonly url: string;
  /** All that it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

const isOnPath = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

const run = promisify(execFile);

/** What `dotnet new web` would make, for the .NET that is here. */
async function buildWithDotnet(folder: string): Promise<void> {
  const env = plainEnvironment({ DOTNET_NOLOGO: '1', DOTNET_CLI_TELEMETRY_OPTOUT: '1' });
  const { stdout } = await run('dotnet', ['--version'], { cwd: folder, env });
  const properties = `<TargetFramework>net${Number.parseInt(stdout, 10)}.0</TargetFramework>
    <Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings>`;
  const project = `<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup>${properties}</PropertyGroup></Project>`;
  writeFileSync(join(folder, 'portal.csproj'), project);
  await run('dotnet', ['build', 'portal.csproj', '--output', 'out'], { cwd: folder, env });
}

/**
 * The portals that run here. `npm run setup` installs PHP and Python. It can't install .NET, which Debian does not have:
 * without it the portal in C# is only parsed.
 */
export const PROGRAMS: readonly PortalProgram[] = [
  { language: 'js', file: 'portal.mjs', command: () => [process.execPath, 'portal.mjs'] },
  { language: 'php', file: 'portal.php', command: (port) => ['php', '-S', `localhost:${port}`, 'portal.php'] },
  { language: 'python', file: 'portal.py', command: () => ['python3', 'portal.py'] },
  ...(isOnPath('dotnet')
    ? [
        {
          language: 'csharp',
          file: 'Program.cs',
          build: buildWithDotnet,
          command: () => ['dotnet', join('out', 'portal.dll')] as const,
        },
      ]
    : []),
];

/** Takes the program out of the page and puts it into the folder, ready to start. */
export async function putProgram({ language, file, build }: PortalProgram, folder: string): Promise<void> {
  const [text] = blocksIn(language);
  if (text === undefined) throw new Error(`docs/portal-integration.md has no program in ${language}.`);
  writeFileSync(join(folder, file), text);
  await build?.(folder);
}

/**
 * Starts a program that is in this folder, and waits until it answers.
 * @param env its settings: API_KEY and IDP
 * @throws Error with what it printed, if it can't be started or ends
 */
export async function startPortal(
  { command }: PortalProgram,
  folder: string,
  env: Readonly<Record<string, string>>,
  port?: number,
): Promise<RunningPortal> {
  const own = port ?? (await freePort());
  const [program, ...args] = command(own);
  const child = spawn(program, args, {
    cwd: folder,
    env: plainEnvironment({ ...env, PORT: String(own) }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (output += part));
  const url = `http://localhost:${own}/`;
  const answers = vi.waitFor(() => fetch(url), { timeout: 30_000 });
  const ended = exited.then(
    () => Promise.reject(new Error(`${program} ended before it answered.\n${output}`)),
    (error: Error) => Promise.reject(new Error(`${program} can’t be started: ${error.message}. Run npm run setup.`)),
  );
  try {
    await Promise.race([answers, ended]);
  } catch (error) {
    child.kill();
    throw error;
  }
  ended.catch(() => undefined);
  return {
    url,
    output: () => output,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
