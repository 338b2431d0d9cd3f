/** @returns the value of an xs:unsignedShort (XML Schema 2, 3.3.23: `01` and `+1` are 1), or undefined */
export function parseUnsignedShort(text: string): number | undefined {
  if (!/^[ \t\n\r]*\+?\d{1,20}[ \t\n\r]*$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 0xffff ? number : undefined;
}
