/** Tells whether a value is a certificate itself (PEM), not the name of its file. */
export const isCertificateText = (value: string) => value.includes('-----BEGIN ');

/** @returns the text of a PEM file, or a binary file in base64 */
export function textOfCertificateFile(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return /[^\t\r\n -~]/.test(text) ? bytes.toString('base64') : text;
}
