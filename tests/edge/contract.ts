// Every answer of the API against the document that it serves about itself.

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
  responses: Record<string, { content?: Record<string, unknown> }>;
}

interface Route {
  pattern: RegExp;
  key: string;
  item: PathItem;
}

const DOCUMENT = "openapi";

export class Contract {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #routes: Route[];

  private constructor(document: Document) {
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
  check(method: string, path: string, status: number, text: string): void {
    const routes = this.#routes.filter(({ pattern }) => pattern.test(path));
    const where = `${method} ${path} answered ${status}`;
    if (routes.length === 0) {
      if (status === 404 || status === 403) return;
      throw new Error(`${where}, and openapi.json has no such path`);
    }
    const route = routes.find(({ item }) => item[method.toLowerCase()]);
    if (!route) {
      if (status === 405 || status === 403) return;
      throw new Error(`${where}, and openapi.json has no such method there`);
    }
    const { responses } = route.item[method.toLowerCase()] as Operation;
    const name = [String(status), `${String(status)[0]}XX`, "default"].find((candidate) => responses[candidate]);
    if (!name) throw new Error(`${where}, which openapi.json does not name`);
    if (!responses[name]?.content) {
      if (text !== "") throw new Error(`${where} with a body, and openapi.json describes none: ${text}`);
      return;
    }
    const validate = this.#validator([route.key, method.toLowerCase(), "responses", name]);
    if (!validate(JSON.parse(text))) {
      throw new Error(`${where} in another shape than openapi.json says: ${this.#ajv.errorsText(validate.errors)}\n${text}`);
    }
  }

  #validator(path: string[]): ValidateFunction {
    const pointer = ["paths", ...path, "content", "application/json", "schema"].map(escapePointer).join("/");
    const known = this.#validators.get(pointer);
    if (known) return known;
    const validate = this.#ajv.compile({ $ref: `${DOCUMENT}#/${pointer}` });
    this.#validators.set(pointer, validate);
    return validate;
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

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}
