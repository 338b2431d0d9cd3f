import { auditCatalog } from '../../src/core/audit/events.ts';
import { code, generatedPage, table } from './markdown.ts';

const COLUMNS = [
  ['at', 'when, in UTC'],
  ['event', 'one of the names below'],
  ['reference', 'three words that a person can read out over the phone: the same on the page, in the log and here'],
  ['biller_id', 'the biller, by its internal ID'],
  ['user_id', 'the portal user, by an internal ID: not an email'],
  ['address', 'the client whose request caused the event, by the rule of `TRUST_PROXY`; none if a command did'],
  ['email_hash', 'a keyed hash of the email, to search by'],
  [
    'account_hash',
    'a keyed hash of biller and account number: the account of an assertion or a launch (`--biller` with `--account`)',
  ],
  [
    'other_account_hashes',
    'the same of the further accounts in the assertion, if the biller gets all of them, or of those that an operator gave to the portal user',
  ],
  [
    'login_type_hash',
    'a keyed hash of the LoginType together with biller and account. There are few login types: hashed alone, each could be told by how often it occurs',
  ],
  ['request_id, assertion_id', 'IDs of the AuthnRequest and of the assertion'],
  ['key_fingerprint', 'SHA-256 of the signing key’s certificate'],
  ['details', 'see below'],
];

/** @returns docs/audit.md */
export function auditPage(): string {
  const details = (entry: Readonly<Record<string, string>>) =>
    Object.entries(entry)
      .map(([name, meaning]) => `${code(name)}: ${meaning}`)
      .join('<br>');
  return generatedPage('Audit events', 'src/core/audit/events.ts', [
    'The table `audit_events` records who did what, and when. `ic-idp audit` lists and filters it ([commands](cli.md)). Rows are added and never changed, and they are kept even if the biller or the portal user that they name is removed.',
    'No assertion is issued before its row is committed, so the table lists every assertion. Every row has:',
    table(
      ['Column', 'Meaning'],
      COLUMNS.map(([name = '', meaning = '']) => [name.split(', ').map(code).join(', '), meaning]),
    ),
    '## Events',
    table(
      ['Event', 'Meaning', 'Details'],
      Object.entries(auditCatalog).map(([name, entry]) => [code(name), entry.meaning, details(entry.details)]),
    ),
  ]);
}
