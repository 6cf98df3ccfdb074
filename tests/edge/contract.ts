// Checks every response of the API against the document that it serves about itself.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

interface Document {
  servers?: { url: string }[];
  paths?: Record<string, PathItem>;
}

interface PathItem {
  servers?: { url: string }[];
  [method: string]: unknown;
}

interface Operation {
  responses: Record<string, ApiResponse | Reference>;
}

interface ApiResponse {
  headers?: Record<string, Header | Reference>;
  content?: Record<string, { examples?: Record<string, unknown> }>;
}

interface Header {
  required?: boolean;
  schema: { type?: string };
}

interface Reference {
  $ref: string;
}

interface Route {
  pattern: RegExp;
  key: string;
  item: PathItem;
}

const DOCUMENT = "openapi";
const METHODS = ["get", "put", "post", "delete", "options", "patch", "trace"];

export class Contract {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #routes: Route[];
  readonly #document: Document;

  private constructor(document: Document) {
    this.#document = document;
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: DOCUMENT, ...document });
    this.#routes = Object.entries(document.paths ?? {}).map(([key, item]) => ({
      key,
      item,
      pattern: patternOf(basePath(item.servers ?? document.servers) + key),
    }));
  }

  /** The document served at `url`; null where there is none yet, which is an error in CI. */
  static async load(url: string): Promise<Contract | null> {
    const response = await fetch(`${url}/openapi.json`);
    const document = response.ok ? ((await response.json()) as Document) : {};
    if (document.paths && Object.keys(document.paths).length > 0) return new Contract(document);
    if (process.env["CI"]) throw new Error(`${url}/openapi.json is missing or names no path`);
    return null;
  }

  /** Throws unless the document describes such an answer of this route. */
  check(method: string, path: string, status: number, headers: Headers, text: string): void {
    const routes = this.#routes.filter(({ pattern }) => pattern.test(path));
    const where = `${method} ${path} answered ${status}`;
    if (routes.length === 0) {
      if (status === 404 || status === 403) return;
      throw new Error(`${where}, and openapi.json has no such path`);
    }
    const verb = method.toLowerCase();
    const route = routes.find(({ item }) => item[verb]);
    if (!route) {
      if (status === 405 || status === 403) return;
      throw new Error(`${where}, and openapi.json has no such method there`);
    }
    const { responses } = route.item[verb] as Operation;
    const name = [String(status), `${String(status)[0]}XX`, "default"].find((candidate) => responses[candidate]);
    const named = name === undefined ? undefined : responses[name];
    if (!named) throw new Error(`${where}, which openapi.json does not name`);
    const at = "$ref" in named ? named.$ref : pointer("paths", route.key, verb, "responses", name ?? "");
    this.#checkHeaders(where, at, headers);
    this.#checkNames(where, this.#resolve<ApiResponse>(named), route.item, headers);
    const { content } = this.#resolve<ApiResponse>(named);
    if (content && !content["application/json"]) {
      const type = headers.get("content-type")?.split(";")[0] ?? "";
      if (!content[type]) throw new Error(`${where} with ${type}, which openapi.json does not name`);
    } else if (content) {
      this.#validate(where, `${at}/content/${escape("application/json")}/schema`, JSON.parse(text));
    } else if (text !== "") {
      throw new Error(`${where} with a body, and openapi.json describes none: ${text}`);
    }
  }

  /** Throws unless `value` is of this schema of the document. */
  checkSchema(name: string, value: unknown): void {
    this.#validate(`a ${name}`, pointer("components", "schemas", name), value);
  }

  #checkHeaders(where: string, at: string, headers: Headers): void {
    const { headers: described = {} } = this.#resolve<ApiResponse>({ $ref: at });
    for (const [name, header] of Object.entries(described)) {
      const { required, schema } = this.#resolve<Header>(header);
      const value = headers.get(name);
      if (value === null) {
        if (required) throw new Error(`${where} without the header ${name}`);
        continue;
      }
      const to = "$ref" in header ? header.$ref : `${at}/headers/${escape(name)}`;
      this.#validate(`${where}: ${name}`, `${to}/schema`, schema.type === "integer" ? Number(value) : value);
    }
  }

  /** The error's name is one of those that this answer gives examples of, and the methods are those of the path. */
  #checkNames(where: string, { content = {} }: ApiResponse, item: PathItem, headers: Headers): void {
    const code = headers.get("x-error-code");
    const examples = Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples));
    if (code !== null && !examples.some((name) => name.split("-")[0] === code)) {
      throw new Error(`${where}: openapi.json tells of no ${code} there`);
    }
    const allowed = headers.get("allow")?.toLowerCase();
    const offered = Object.keys(item).filter((name) => METHODS.includes(name));
    const all = offered.flatMap((name) => (name === "get" ? ["get", "head"] : [name])).join(", ");
    if (allowed !== undefined && allowed !== all) {
      throw new Error(`${where}: Allow is ${allowed}, and openapi.json offers ${all}`);
    }
  }

  #validate(where: string, pointer: string, value: unknown): void {
    const validate = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `${DOCUMENT}${pointer}` });
    this.#validators.set(pointer, validate);
    if (validate(value)) return;
    const problems = this.#ajv.errorsText(validate.errors);
    throw new Error(`${where}, other than openapi.json says: ${problems}\n${JSON.stringify(value)}`);
  }

  #resolve<T extends object>(value: T | Reference): T {
    if (!("$ref" in value)) return value;
    const parts = value.$ref.replace("#/", "").split("/").map(unescape);
    return parts.reduce<unknown>((inner, part) => (inner as Record<string, unknown>)[part], this.#document) as T;
  }
}

function basePath(servers: { url: string }[] | undefined): string {
  const url = servers?.[0]?.url ?? "/";
  return new URL(url, "http://localhost").pathname.replace(/\/$/, "");
}

function patternOf(template: string): RegExp {
  const parts = template.split(/\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}

/** A JSON pointer (RFC 6901) as the fragment of a URI. */
function pointer(...parts: string[]): string {
  return `#/${parts.map(escape).join("/")}`;
}

function escape(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function unescape(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}
