/** How a certificate leaves: PEM text, plain DER, or a PKCS#7 file as some forms want it. */
export const CERTIFICATE_FORMATS = ['pem', 'der', 'pkcs7'] as const;
export type CertificateFormat = (typeof CERTIFICATE_FORMATS)[number];
