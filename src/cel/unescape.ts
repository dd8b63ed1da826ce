// What a string or bytes literal stands for (cel-go parser/unescape.go). The lexer let only known escapes through.

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPE = /\\(?:([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;

/** The contents; `raw` when escapes mean nothing. */
function contents(literal: string): { text: string; raw: boolean } {
  const plain = literal.replace(/\r\n?/g, '\n');
  const raw = /^[rR]/.test(plain);
  const quoted = raw ? plain.slice(1) : plain;
  const width = /^(?:"""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1;
  return { text: quoted.slice(width, -width), raw };
}

/** Undefined when it names a code point that there is none of. */
export function unescapeString(literal: string): string | undefined {
  const { text, raw } = contents(literal);
  if (raw) return text;
  let valid = true;
  const value = text.replace(
    ESCAPE,
    (_all, octal?: string, hex?: string, short?: string, long?: string, one?: string) => {
      if (one !== undefined) return SIMPLE[one] ?? one;
      const digits = hex ?? short ?? long;
      const code = octal === undefined ? Number.parseInt(digits as string, 16) : Number.parseInt(octal, 8);
      valid &&= code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return valid ? String.fromCodePoint(code) : '';
    },
  );
  return valid ? value : undefined;
}

/** Undefined for escapes that name code points, which bytes do not have. */
export function unescapeBytes(literal: string): Uint8Array | undefined {
  const { text, raw } = contents(literal);
  if (raw) return Buffer.from(text);
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [all, octal, hex, short, long, one] = match;
    parts.push(Buffer.from(text.slice(end, match.index)));
    end = match.index + all.length;
    if (short !== undefined || long !== undefined) return undefined;
    if (one !== undefined) parts.push(Buffer.from(SIMPLE[one] ?? one));
    else parts.push(Buffer.of(octal === undefined ? Number.parseInt(hex as string, 16) : Number.parseInt(octal, 8)));
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(end))]);
}
