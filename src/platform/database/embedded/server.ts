import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { InputError } from '../../errors/idp-error.ts';
import type { DataFolder } from './data-folder.ts';
import { findProgramsOnce } from './programs.ts';
import { programEnvironment, runProgram } from './run-program.ts';
import { linesSince, logSize, openLog } from './server-log.ts';
import { readPidFile, serverPid } from './server-process.ts';

/** The server's settings. On the command line, so that they apply to every folder, regardless of what created it. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  // Relative to the data folder: reachable only by its owner, and short enough however deeply DATA_DIR is nested.
  unix_socket_directories: '.',
  // A sign-on's audit row is on disk before the assertion leaves.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Small: a few thousand billers fit in 32 MB. Each connection is a separate process.
  shared_buffers: '32MB',
  max_connections: '60',
  superuser_reserved_connections: '0',
  jit: 'off',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  autovacuum: 'on',
  autovacuum_max_workers: '1',
  io_method: 'sync',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '16MB',
  max_wal_size: '128MB',
  // Starts, stops and crashes. Statement errors reach the service anyway, and their text may contain values.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
};

/** A server that this process has started. */
export interface StartedServer {
  /** Whether it has ended, possibly because another server is running on the folder. */
  ended(): boolean;
  /** The error that explains why it did not start, with the last lines of its log. */
  failure(): InputError;
}

/**
 * The data folder's path for PostgreSQL's programs, which run in it. On Linux it is a link to the working directory,
 * because the server's user may not have access to the parent folders.
 */
export function dataDirectoryArgument({ path }: Pick<DataFolder, 'path'>): string[] {
  return ['-D', process.platform === 'linux' ? '/proc/self/cwd' : path];
}

function settingArguments(port: number | undefined): string[] {
  const { log_line_prefix: prefix, ...rest } = SETTINGS;
  const given =
    process.platform === 'win32'
      ? { ...rest, listen_addresses: '127.0.0.1', unix_socket_directories: '', port }
      : { ...rest, log_line_prefix: prefix };
  return Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * PostgreSQL takes postmaster.pid as proof of a running server if any process of the same user now has its ID, as
 * happens in a container after a crash. This variable names an ID to ignore (pg_ctl sets it too). PostgreSQL still
 * checks for processes that use the folder's shared memory.
 */
function staleProcess(folder: DataFolder): Record<string, string> {
  const pid = readPidFile(folder)?.pid;
  return pid === undefined || serverPid(folder) !== undefined ? {} : { PG_GRANDPARENT_PID: String(pid) };
}

/**
 * Starts a server on the folder, in a separate session, so that it survives Ctrl-C and the end of this process. It may
 * still be starting when this returns, and ends by itself if another server has the folder.
 *
 * @param port the port on Windows, where there is no socket
 * @throws InputError if PostgreSQL's programs are missing
 */
export async function startServer(folder: DataFolder, port?: number): Promise<StartedServer> {
  const { postgres, pgCtl } = await findProgramsOnce(folder.user);
  const since = logSize(folder);
  const server = [...dataDirectoryArgument(folder), ...settingArguments(port)];
  // PostgreSQL refuses to start with administrator rights; on Windows only pg_ctl can drop them.
  const [file, args] =
    process.platform === 'win32'
      ? [pgCtl, ['start', '-w', '-D', folder.path, '-o', settingArguments(port).join(' ')]]
      : [postgres, server];
  let ended = false;
  let reason = '';
  const log = openLog(folder);
  let child: ChildProcess | undefined;
  try {
    child = spawn(file, args, {
      ...folder.user,
      cwd: folder.anchor,
      env: { ...programEnvironment(), ...staleProcess(folder) },
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    child.once('error', (error) => {
      reason = error.message;
      ended = true;
    });
    child.once('exit', () => (ended = true));
    child.unref();
  } catch (error) {
    reason = (error as Error).message;
    ended = true;
  } finally {
    closeSync(log);
  }
  return {
    ended: () => ended,
    failure: () => {
      const lines = linesSince(folder, since).trim() || reason || 'it printed nothing';
      return new InputError(
        `The embedded database in ${folder.path} did not start. The end of its log (server.log in that folder):\n${lines}`,
      );
    },
  };
}

/** Shuts the server down cleanly: it closes all connections, writes everything to disk, and exits. */
export async function signalStop(folder: DataFolder, pid: number): Promise<void> {
  if (process.platform === 'win32') {
    const { pgCtl } = await findProgramsOnce(folder.user);
    await runProgram(pgCtl, ['stop', '-W', '-m', 'fast', '-D', folder.path], { cwd: folder.path });
    return;
  }
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
