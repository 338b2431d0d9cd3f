import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import type { DataFolder } from './data-folder.ts';
import type { ServerUser } from './server-user.ts';

/** Gives a file or folder to a user; does nothing if that is this process's user. */
export function giveTo({ uid, gid }: ServerUser, path: string): void {
  if (uid !== undefined && gid !== undefined) lchownSync(path, uid, gid);
}

/** The folder that a DataFolder's anchor points to. */
export const folderItself = ({ anchor }: Pick<DataFolder, 'anchor'>) => `${anchor}/.`;

/**
 * Makes a folder and all folders in it root's own, from the top down: a process that has one of them open can no longer
 * replace an entry, so that what is listed afterwards stays as it is. Does nothing unless this process is root.
 *
 * @param path of a folder that is not a link, or a DataFolder's anchor
 */
function seize(path: string): void {
  if (process.getuid?.() !== 0) return;
  const itself = folderItself({ anchor: path });
  lchownSync(itself, 0, 0);
  chmodSync(itself, 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) seize(join(path, entry.name));
  }
}

function copyEntries(from: string, to: string, maker: ServerUser, owner: ServerUser): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(target);
      chmodSync(target, 0o700);
      copyEntries(source, target, maker, owner);
    } else {
      // A link, or a hard link to a file of root's, can only have been planted to make root read some other file.
      const stats = lstatSync(source);
      if (!stats.isFile() || stats.uid !== maker.uid) {
        throw new InputError(
          `The embedded database can't be created: ${entry.name} was not made by initdb. Another process of user ID ${maker.uid} may have put it there. Stop that process and try again, or set DATABASE_URL to use a PostgreSQL server.`,
        );
      }
      copyFileSync(source, target, constants.COPYFILE_EXCL);
      chmodSync(target, 0o600);
    }
    giveTo(owner, target);
  }
}

/**
 * Copies what `maker` created to a folder that only root has access to, and gives the copies to `owner`. They are new
 * files, so a process of `maker` that still has one of its files open can't change them. Called only as root.
 *
 * @throws InputError if there is anything but folders and `maker`'s own files
 */
export function copySeized(from: DataFolder, to: DataFolder, maker: ServerUser, owner: ServerUser): void {
  seize(from.anchor);
  copyEntries(from.anchor, to.anchor, maker, owner);
}

/** Removes a folder whose owner may still be changing it; never follows a link out of it. */
export function removeSeized({ anchor, path }: Pick<DataFolder, 'anchor' | 'path'>): void {
  seize(anchor);
  for (const name of readdirSync(anchor)) rmSync(join(anchor, name), { recursive: true, force: true });
  rmdirSync(path);
}
