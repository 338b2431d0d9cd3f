import { hash, randomBytes } from 'node:crypto';

/** An API key: `icidp_<id>_<secret>`. */
export interface KeyText {
  /** 48 bits, in hexadecimal: no secret, and shown wherever the key is meant. */
  readonly id: string;
  /** 256 bits, in base64url. */
  readonly secret: string;
}

/** What every key begins with, so that people and programs that look for leaked secrets know one when they see it. */
const PREFIX = 'icidp_';
const KEY = /^icidp_([0-9a-f]{12})_([\w-]{43})$/;

export const newKeyText = (): KeyText => ({
  id: randomBytes(6).toString('hex'),
  secret: randomBytes(32).toString('base64url'),
});

/** @returns what a key with this ID begins with */
export const prefixOf = (id: string): string => `${PREFIX}${id}`;

export const writeKey = ({ id, secret }: KeyText): string => `${prefixOf(id)}_${secret}`;

/** @returns the parts of a key; undefined if the text is none */
export function readKey(text: string): KeyText | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** A plain hash is enough: nobody can try out 256 random bits. */
export const hashSecret = (secret: string): Buffer => hash('sha256', secret, 'buffer');
