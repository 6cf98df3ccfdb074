// A JSON Schema explained for people: types, bounds and fields, including everything it refers to.

import { html, inline, join } from "./html.mjs";

/**
 * @typedef {{ $ref?: string, name?: string, nullable?: boolean, description?: string, type?: string | string[], format?: string,
 *   properties?: Record<string, Schema>, required?: string[], items?: Schema, oneOf?: Schema[], allOf?: Schema[], anyOf?: Schema[],
 *   enum?: unknown[], const?: unknown, default?: unknown, pattern?: string, minimum?: number, maximum?: number, minLength?: number,
 *   maxLength?: number, maxItems?: number }} Schema
 * @typedef {import("./html.mjs").Content} Content
 */

/** @param {number | undefined} least @param {number | undefined} most @param {string} unit */
function range(least, most, unit) {
  if (least === undefined && most === undefined) return undefined;
  if (least === undefined) return `at most ${most}${unit}`;
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
}

/** @param {boolean | undefined} isRequired */
export const required = (isRequired) => isRequired && html` <b class="required">required</b>`;

/** @param {Content[]} rows */
export const list = (rows) => html`<dl class="fields">${rows}</dl>`;

/** An entry of a list of fields. @param {string} name @param {Content} type @param {Content} about @param {string} [id] */
export function row(name, type, about, id) {
  return html`<div${id && html` id="${id}"`}><dt><code>${name}</code> <span class="type">${type}</span></dt><dd>${about}</dd></div>
`;
}

export class Schemas {
  /** @param {object} document that references point into */
  constructor(document) {
    this.document = document;
  }

  /** @template T @param {T & { $ref?: string }} value @returns {T} what it refers to, with what is beside the reference */
  follow(value) {
    const { $ref, ...own } = value;
    if (!$ref) return value;
    const target = $ref
      .slice(2)
      .split("/")
      .reduce((/** @type {any} */ inner, part) => inner?.[part], this.document);
    return { ...this.follow(target), ...own };
  }

  /** A schema without references: `name` is its name, `nullable` whether it may be null. @param {Schema} schema @returns {Schema} */
  resolve(schema) {
    const name = schema.$ref?.split("/").at(-1);
    const { allOf = [], oneOf, ...plain } = this.follow(schema);
    const whole = allOf.map((part) => this.resolve(part)).reduce((sum, part) => this.#merge(sum, part), plain);
    const variants = oneOf?.filter(({ type }) => type !== "null");
    const [only, ...others] = variants ?? [];
    if (only && others.length === 0) return { ...this.resolve(only), ...whole, nullable: true };
    return { ...whole, ...(name && { name }), ...(variants && { oneOf: variants }) };
  }

  /** @param {Schema} one @param {Schema} other @returns {Schema} */
  #merge(one, { properties = {}, name: _, ...other }) {
    const all = { ...one.properties };
    for (const [field, schema] of Object.entries(properties)) all[field] = { ...all[field], ...schema };
    return { ...one, ...other, properties: all };
  }

  /** Whether it is only named here, and described in a place of its own. @param {Schema} schema @param {string[] | null} within */
  #isElsewhere({ name, properties, oneOf }, within) {
    return name !== undefined && (properties !== undefined || oneOf !== undefined) && (within === null || within.includes(name));
  }

  /** @param {Schema} schema @param {string[] | null} within the names of the objects around it; null where objects are only named @returns {Content} */
  type(schema, within) {
    const whole = this.resolve(schema);
    const { name, type = whole.const === undefined ? "any" : typeof whole.const, format, items, oneOf, anyOf, nullable } = whole;
    const orNull = nullable && " or null";
    if (this.#isElsewhere(whole, within)) return [html`<a href="#object-${name}">${name}</a>`, orNull];
    if (oneOf && within === null) return [this.#either(oneOf), orNull];
    const formats = [format, ...(anyOf ?? []).map((either) => either.format)].filter((known) => known && !/^int\d/.test(known));
    const words = [type].flat().map((one) => {
      if (one === "array" && items) return ["array of ", this.type(items, within)];
      return one === "string" && formats.length > 0 ? `string (${formats.join(" or ")})` : one;
    });
    return oneOf ? ["object", orNull] : [join(words, " or "), orNull];
  }

  /** @param {Schema[]} variants */
  #either(variants) {
    const types = variants.map((variant) => this.type(variant, null));
    return join(types, " or ");
  }

  /** @param {Schema} schema @returns {Content} */
  bounds(schema) {
    const { minimum, maximum, minLength, maxLength, maxItems, pattern, ...whole } = this.resolve(schema);
    /** @param {unknown} value */
    const code = (value) => html`<code>${typeof value === "string" ? value : JSON.stringify(value)}</code>`;
    const told = [
      whole.enum && [whole.enum.length > 1 ? "one of " : "always ", join(whole.enum.map(code), ", ")],
      whole.const !== undefined && ["always ", code(whole.const)],
      range(minimum, maximum, ""),
      range(minLength, maxLength, " characters"),
      range(undefined, maxItems, " items"),
      pattern && ["matches ", code(pattern)],
      whole.default !== undefined && ["default ", code(whole.default)],
    ].filter((one) => one);
    return told.length > 0 && html`<span class="bounds">${join(told, "; ")}</span>`;
  }

  /** @param {Schema} schema @param {string} prefix of its fields' names @param {string[] | null} within @returns {Content} */
  fields(schema, prefix, within) {
    const whole = this.resolve(schema);
    const around = within && whole.name ? [...within, whole.name] : within;
    const { properties = {}, items, oneOf = [] } = whole;
    const rows = Object.entries(properties).map(([name, field]) => {
      const inner = this.resolve(field);
      const type = [this.type(field, around), required(whole.required?.includes(name))];
      const path = `${prefix}${name}`;
      const about = [inline(inner.description ?? ""), this.bounds(field)];
      return row(path, type, [about, !this.#isElsewhere(inner, around) && this.fields(field, `${path}.`, around)]);
    });
    return [
      rows.length > 0 && list(rows),
      items && !this.#isElsewhere(this.resolve(items), around) && this.fields(items, prefix.replace(/\.$/, "[]."), around),
      oneOf.map((variant) => this.#variant(variant, prefix, around)),
    ];
  }

  /** @param {Schema} schema @param {string} prefix @param {string[] | null} within */
  #variant(schema, prefix, within) {
    const whole = this.resolve(schema);
    const name = this.#isElsewhere(whole, within) && this.type(schema, within);
    return html`<div class="variant"><p>${name ? [name, ": "] : "Either: "}${inline(whole.description ?? "")}</p>${!name && this.fields(schema, prefix, within)}</div>`;
  }
}
