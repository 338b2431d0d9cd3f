import { faultOfPublicHost } from '../../../platform/util/web-url.ts';

/** A part of an email address that a mailto: link takes as it is (RFC 6068, 2). */
const PLAIN = /^[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*$/;

/** @returns whether the text is an email address that can stand in a link without any encoding */
export function isPlainMailbox(text: string): boolean {
  const at = text.lastIndexOf('@');
  const host = text.slice(at + 1).toLowerCase();
  return at > 0 && at <= 64 && PLAIN.test(text.slice(0, at)) && faultOfPublicHost(host) === undefined;
}

/** @returns whether the text is a telephone number as people write it: at most 15 digits (E.164), grouped as they like */
export function isPhone(text: string): boolean {
  // Nobody dials both the country and the zero in brackets: a link with all digits would reach nobody.
  if (/^\+.*\(0\)/.test(text)) return false;
  const digits = text.replaceAll(/\D/g, '').length;
  return /^\+?\(?\d[\d ()./-]*\d$/.test(text) && digits >= 3 && digits <= 15;
}
