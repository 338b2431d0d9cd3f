const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Why bytes are not acceptable text, as a clause. */
export class TextError extends Error {
  override readonly name = 'TextError';
}

const looksLikeUtf16 = (bytes: Uint8Array) =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) ||
  (bytes[0] === 0xfe && bytes[1] === 0xff) ||
  (bytes.length >= 2 && bytes.length % 2 === 0 && (bytes[0] === 0) !== (bytes[1] === 0));

function refuseUtf16(bytes: Uint8Array): void {
  if (!looksLikeUtf16(bytes)) return;
  throw new TextError(
    'is UTF-16, as Windows PowerShell writes it with >. Save it as UTF-8, e.g. by Set-Content -Encoding utf8',
  );
}

function refuseNul(text: string): string {
  if (text.includes('\0')) throw new TextError('is not text: it contains NUL bytes');
  return text;
}

/**
 * Decodes UTF-8, without a byte order mark. A lenient decoder would replace what it can't read, and a password read that
 * way could never be typed.
 *
 * @throws TextError for anything else, e.g. the UTF-16 that `>` writes in Windows PowerShell
 */
export function decodeText(bytes: Uint8Array): string {
  refuseUtf16(bytes);
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw new TextError('is not UTF-8 text');
  }
  return refuseNul(text);
}

/** The same for what comes in parts. @throws TextError, which names the line of what is not UTF-8 */
export async function* decodeParts(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const strict = new TextDecoder('utf-8', { fatal: true });
  let [isFirst, line] = [true, 1];
  for await (const part of parts) {
    if (isFirst) refuseUtf16(part);
    isFirst = false;
    let text: string;
    try {
      text = strict.decode(part, { stream: true });
    } catch {
      const [before = ''] = new TextDecoder().decode(part).split('\ufffd');
      throw new TextError(`is not UTF-8 text: see line ${line + before.split('\n').length - 1}`);
    }
    yield refuseNul(text);
    line += text.split('\n').length - 1;
  }
  try {
    yield strict.decode();
  } catch {
    throw new TextError(`is not UTF-8 text: see line ${line}`);
  }
}
