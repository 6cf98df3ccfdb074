// A compiled module, section by section: as much of the binary format as the build needs.

const CUSTOM = 0;
const IMPORTS = 2;
const EXPORTS = 7;
const CODE = 10;
const FUNCTION = 0;
const TAG = 4;
/** The subsection of the name section with functions' names. */
const FUNCTION_NAMES = 1;

/** Reads a module from its beginning. */
class Reader {
  /** After the magic number and the version. */
  at = 8;

  /** @param {Buffer} wasm */
  constructor(wasm) {
    this.wasm = wasm;
  }

  byte() {
    return this.wasm.readUInt8(this.at++);
  }

  number() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const next = this.byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) return value;
    }
  }

  bytes() {
    const length = this.number();
    this.at += length;
    return this.wasm.subarray(this.at - length, this.at);
  }

  /** The sections; the caller may read one from its beginning. */
  *sections() {
    while (this.at < this.wasm.length) {
      const id = this.byte();
      const length = this.number();
      const end = this.at + length;
      yield { id, end };
      this.at = end;
    }
  }

  /** @returns {{ kind: number, bytes: Buffer }} what an import or an export is, after its name */
  border(/** @type {number} */ section) {
    const from = this.at;
    const kind = this.byte();
    if (section === IMPORTS && kind === TAG) this.byte();
    else if (section === IMPORTS && kind !== FUNCTION) throw new Error(`an import of kind ${kind}`);
    this.number();
    return { kind, bytes: this.wasm.subarray(from, this.at) };
  }
}

/**
 * Copies a module, renaming its imports and exports. All other sections stay as they are.
 * @param {Buffer} wasm
 * @param {(name: string) => string} rename
 */
export function renameBorders(wasm, rename) {
  const reader = new Reader(wasm);
  const parts = [wasm.subarray(0, reader.at)];
  for (const { id, end } of reader.sections()) {
    const body = [];
    if (id === IMPORTS || id === EXPORTS) {
      const count = reader.number();
      body.push(leb(count));
      for (let entry = 0; entry < count; entry++) {
        if (id === IMPORTS) body.push(counted(reader.bytes()));
        body.push(counted(rename(reader.bytes().toString("utf8"))), reader.border(id).bytes);
      }
    }
    body.push(wasm.subarray(reader.at, end));
    parts.push(section(id, body));
  }
  return Buffer.concat(parts);
}

/**
 * The bodies of a module's own functions.
 * @param {Buffer} wasm
 */
export function functionsOf(wasm) {
  const reader = new Reader(wasm);
  for (const { id } of reader.sections()) {
    if (id === CODE) return Array.from({ length: reader.number() }, () => reader.bytes());
  }
  return [];
}

/**
 * A module without names, to which names for its own functions are added.
 * @param {Buffer} wasm
 * @param {string[]} names
 */
export function nameFunctions(wasm, names) {
  const reader = new Reader(wasm);
  let imported = 0;
  for (const { id } of reader.sections()) {
    if (id !== IMPORTS) continue;
    for (let left = reader.number(); left > 0; left--) {
      reader.bytes();
      reader.bytes();
      if (reader.border(id).kind === FUNCTION) imported++;
    }
  }
  const list = [leb(names.length), ...names.flatMap((name, own) => [leb(imported + own), counted(name)])];
  return Buffer.concat([wasm, section(CUSTOM, [counted("name"), Buffer.of(FUNCTION_NAMES), counted(Buffer.concat(list))])]);
}

/** @param {number} id @param {Uint8Array[]} body */
function section(id, body) {
  return Buffer.concat([Buffer.of(id), counted(Buffer.concat(body))]);
}

/** @param {string | Uint8Array} content to be preceded by its length */
function counted(content) {
  const bytes = Buffer.from(content);
  return Buffer.concat([leb(bytes.length), bytes]);
}

/** @param {number} value an unsigned LEB128 number */
function leb(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.of(...bytes, value);
}
