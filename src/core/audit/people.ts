import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AuditEvent } from './events.ts';
import type { KeyedHash } from './keyed-hash.ts';

/** What an event says about people, as it is stored. */
interface StoredPeople {
  readonly address: string | undefined;
  readonly emailHash: string | undefined;
  readonly accountHash: string | undefined;
  readonly otherAccountHashes: string[] | undefined;
  readonly loginTypeHash: string | undefined;
}

/**
 * A client's address as one text, whichever socket it came through: an IPv4 client of a socket that listens on IPv6 has
 * a mapped address, and a local one may have a zone.
 *
 * @returns undefined for anything else, e.g. what an untrusted proxy made up
 */
export function plainAddress(text: string | undefined): string | undefined {
  const [address = ''] = text?.split('%') ?? [];
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString();
}

/** @returns what to store of the event's people: the address, and keyed hashes of the rest */
export function storedPeople(event: AuditEvent, keyedHash: KeyedHash): StoredPeople {
  const { billerId, address, email, account, otherAccounts = [], loginType } = event;
  const ofAccount = (number: string) => (billerId === undefined ? undefined : keyedHash.account(billerId, number));
  return {
    address: plainAddress(address),
    emailHash: email === undefined ? undefined : keyedHash.email(email),
    accountHash: account === undefined ? undefined : ofAccount(account),
    otherAccountHashes:
      otherAccounts.length === 0 ? undefined : otherAccounts.flatMap((number) => ofAccount(number) ?? []),
    loginTypeHash:
      billerId === undefined || account === undefined || loginType === undefined
        ? undefined
        : keyedHash.loginType(billerId, account, loginType),
  };
}
