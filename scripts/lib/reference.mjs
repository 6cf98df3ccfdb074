// The API reference for people: a page for each kind of reader, made from the OpenAPI document, in its own words.

import { code, Html, html, inline, join, markdown } from "./html.mjs";
import { list, required, row, Schemas } from "./schemas.mjs";

/**
 * The parts of a document that this page uses.
 *
 * @typedef {import("./schemas.mjs").Schema} Schema
 * @typedef {{ schema: Schema, example?: unknown, examples?: Record<string, { value: unknown }> }} Media
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema: Schema }} Parameter
 * @typedef {{ description: string, headers?: Record<string, object>, content?: Record<string, Media> }} Answer
 * @typedef {{ operationId: string, tags: string[], summary: string, description: string, security: Record<string, unknown>[],
 *   "x-required-role"?: string, parameters?: Parameter[], requestBody?: { required?: boolean, content: Record<string, Media> },
 *   responses: Record<string, Answer & { $ref?: string }>, callbacks?: Record<string, Paths> }} Operation
 * @typedef {{ [path: string]: { [method: string]: Operation } }} Paths
 * @typedef {{ type: string, in?: string, name?: string, scheme?: string, bearerFormat?: string, description: string }} SecurityScheme
 * @typedef {{ info: { title: string, version: string, description: string }, servers: { url: string, description: string }[],
 *   tags: { name: string, description: string }[], paths: Paths, components: { schemas: Record<string, Schema>,
 *   headers?: Record<string, { description: string, schema: Schema }>, securitySchemes: Record<string, SecurityScheme> } }} Document
 *
 * @typedef {{ method: string, path: string, isCallback: boolean, operation: Operation }} Route
 * @typedef {import("./html.mjs").Content} Content
 */

/**
 * Who reads what: each tag is on one page, by default on the first.
 *
 * @typedef {{ path: string, title: string, description: string, own: string[] | null }} Audience
 * @typedef {Omit<Audience, "own"> & { tags: string[], content: import("./html.mjs").Html, contents: Content, pieces: import("../docs/layout.mjs").Piece[] }} ReferencePage
 * @type {Audience[]}
 */
const AUDIENCES = [
  {
    path: "/docs/reference",
    title: "API reference",
    description: "Every route for integrators: role, fields, responses, errors, and a curl command.",
    own: null,
  },
  {
    path: "/docs/reference-operators",
    title: "Operators' routes",
    description: "The routes for whoever runs the platform, with its PLATFORM_TOKEN.",
    own: ["Platform"],
  },
  {
    path: "/docs/reference-machines",
    title: "Machines' routes",
    description: "What agents, carriers, monitoring and Studio itself call.",
    own: ["Machines", "Studio"],
  },
];

/** @param {Document} document @returns {ReferencePage[]} */
export const renderAudiences = (document) => {
  const reference = new Reference(document);
  return AUDIENCES.map((audience) => reference.page(audience));
};

/** @param {string} name */
const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** @param {unknown} value @param {string} [label] */
const json = (value, label = "Example") => block(label, JSON.stringify(value, null, 2));

/** @param {string} label @param {string} text */
const block = (label, text) => html`<figure><figcaption>${label}</figcaption>${code(text)}</figure>`;

/** @param {string} id @param {string} title @param {Content} about */
const section = (id, title, about) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${about}</section>\n`;

/** @param {string} id @param {string} title @param {Content} about */
const article = (id, title, about) =>
  html`<article aria-labelledby="${id}"><h3 id="${id}"><a href="#${id}">${title}</a></h3>\n${about}</article>\n`;

/** Links each code in a list of errors to its page. @param {Content} told */
const linked = (told) =>
  new Html(html`${told}`.text.replace(/<li><code>([a-z0-9_]+)<\/code>:/g, '<li><a href="/docs/errors/$1"><code>$1</code></a>:'));

class Reference {
  /** @param {Document} document */
  constructor(document) {
    this.document = document;
    this.schemas = new Schemas(document);
    this.routes = this.#routesOf(document.paths, false);
  }

  /** The routes, each followed by its callbacks. @param {Paths} paths @param {boolean} isCallback @returns {Route[]} */
  #routesOf(paths, isCallback) {
    return Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) => [
        { method: method.toUpperCase(), path, isCallback, operation },
        ...Object.values(operation.callbacks ?? {}).flatMap((callback) => this.#routesOf(callback, true)),
      ]),
    );
  }

  /** @param {Audience} audience @returns {ReferencePage} */
  page({ own, ...told }) {
    const others = new Set(AUDIENCES.flatMap((audience) => audience.own ?? []));
    const tags = this.document.tags.filter(({ name }) => (own ? own.includes(name) : !others.has(name)));
    const parts = tags.map(({ name, description }) => {
      const routes = this.routes.filter(({ operation }) => operation.tags[0] === name);
      return { id: `tag-${slug(name)}`, name, description, routes };
    });
    const operations = parts.map(({ id, name, description, routes }) => {
      return section(id, name, [markdown(description), routes.map((route) => this.#operation(route))]);
    });
    const objects = this.#objects(operations);
    const { text } = html`${operations}${objects}`;
    const contents = html`<ul class="routes">
${parts.map(({ id, name, routes }) => html`<li><a href="#${id}">${name}</a><ul>\n${routes.map((route) => this.#entry(route))}</ul></li>\n`)}
<li><a href="#objects">Objects</a></li>
<li><a href="#headers">Headers</a></li>
</ul>`;
    const content = html`${own ? html`<p>What applies to every route is in the <a href="/docs/reference">API reference</a>.</p>` : this.#general()}
${section("credentials", "Credentials", list(this.#credentials(text)))}
${operations}
${section("objects", "Objects", objects)}
${section("headers", "Headers", list(this.#headers(text)))}`;
    return { ...told, tags: tags.map(({ name }) => name), content, contents, pieces: this.#pieces(told, parts) };
  }

  /** What applies to all routes. */
  #general() {
    const { info, servers } = this.document;
    const all = list(servers.map(({ url, description }) => row(url, null, inline(description))));
    return html`${markdown(info.description)}
${section("servers", "Servers", [all, html`<p>In the examples <code>BASE_URL</code> is one of them, or the origin of this page, and <code>API_KEY</code> a key.</p>`])}`;
  }

  /** The credentials that the page's routes accept. @param {string} text of the page */
  #credentials(text) {
    return Object.entries(this.document.components.securitySchemes)
      .filter(([name]) => text.includes(`href="#security-${name}"`))
      .map(([name, { in: place, scheme, description }]) => row(name, place ?? scheme, inline(description), `security-${name}`));
  }

  /** The headers of the page's responses. @param {string} text of the page */
  #headers(text) {
    return Object.entries(this.document.components.headers ?? {})
      .filter(([name]) => text.includes(`href="#header-${name}"`))
      .map(([name, { description, schema }]) =>
        row(name, this.schemas.type(schema, null), [inline(description), this.schemas.bounds(schema)], `header-${name}`),
      );
  }

  /** The page's search entries. @param {{ path: string }} page @param {{ routes: Route[] }[]} parts */
  #pieces({ path: page }, parts) {
    return parts.flatMap(({ routes }) =>
      routes.map(({ method, path, operation: { operationId, summary, description, parameters = [] } }) => {
        const words = [`${method} ${path}`, description, ...parameters.map(({ name }) => name)];
        return { title: `${summary}: ${method} ${path}`, url: `${page}#${operationId}`, text: words.join(" ").replace(/[`*\n]/g, " ") };
      }),
    );
  }

  /** The objects that the page names, and those that these name; a body of a single operation is described there. @param {Content} operations */
  #objects(operations) {
    const all = Object.entries(this.document.components.schemas).map(([name, schema]) => {
      const inner = [markdown(schema.description ?? ""), this.schemas.fields(schema, "", null)];
      return { inner, whole: article(`object-${name}`, name, inner) };
    });
    const names = Object.keys(this.document.components.schemas);
    const named = (/** @type {Content} */ content) =>
      [...html`${content}`.text.matchAll(/href="#object-([^"]+)"/g)].map(([, name]) => name);
    const found = new Set();
    const waiting = named(operations);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      const about = all[names.indexOf(name)];
      if (about) waiting.push(...named(about.inner));
    }
    return all.filter((_, at) => found.has(names[at])).map(({ whole }) => whole);
  }

  /** An entry of the table of contents. @param {Route} route */
  #entry({ method, operation }) {
    return html`<li><a href="#${operation.operationId}">${this.#method(method)} <span>${operation.summary}</span></a></li>\n`;
  }

  /** @param {string} method */
  #method(method) {
    return html`<b class="method ${method.toLowerCase()}">${method}</b>`;
  }

  /** @param {Route} route */
  #operation({ method, path, isCallback, operation }) {
    const { operationId: id, summary, description, parameters = [], requestBody, responses } = operation;
    const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
    const schema = media && this.schemas.resolve(media.schema);
    const about = html`<p class="route">${this.#method(method)} <code>${path}</code>${isCallback && " · sent to you"}</p>
${markdown(description)}
${!isCallback && html`<p class="access">${this.#access(operation)}</p>`}${this.#callbacks(operation)}
${parameters.length > 0 && html`<h4>Parameters</h4>${list(parameters.map((given) => this.#parameter(given)))}`}
${schema && html`<h4>Body <span class="type">${type}${required(requestBody?.required)}</span></h4>${markdown(schema.description ?? "")}${this.schemas.fields(schema, "", [])}`}
${isCallback ? media && this.#examples(media, "") : block("curl", this.#curl(method, path, operation))}
<h4>Responses</h4>
${Object.entries(responses).map(([status, answer]) => this.#answer(status, this.schemas.follow(answer)))}`;
    return article(id, summary, about);
  }

  /** @param {Operation} operation */
  #access({ security }) {
    if (security.length === 0) return "No credentials.";
    const schemes = security.flatMap((either) => Object.keys(either)).map((name) => html`<a href="#security-${name}">${name}</a>`);
    return ["By ", join(schemes, " or "), "."];
  }

  /** The callbacks of an operation. @param {Operation} operation */
  #callbacks({ callbacks = {} }) {
    const routes = Object.values(callbacks).flatMap((callback) => this.#routesOf(callback, true));
    const links = routes.map(({ operation: { operationId, summary } }) => html`<a href="#${operationId}">${summary}</a>`);
    return links.length > 0 && html`<p class="access">Calls back: ${join(links, ", ")}</p>`;
  }

  /** @param {Parameter} parameter */
  #parameter({ name, in: place, description = "", schema, ...given }) {
    const type = [this.schemas.type(schema, []), `, in the ${place}`, required(given.required)];
    return row(name, type, [inline(description), this.schemas.bounds(schema)]);
  }

  /** Successful responses are open; the others open on a click. @param {string} status @param {Answer} answer */
  #answer(status, { description, headers = {}, content = {} }) {
    const [first = "", ...rest] = description.split("\n");
    const named = Object.entries(headers).map(([name, header]) => {
      const to = "$ref" in header ? String(header.$ref).split("/").at(-1) : undefined;
      return to ? html`<a href="#header-${to}">${name}</a>` : html`<code>${name}</code>`;
    });
    return html`<details${status.startsWith("2") && html` open`}><summary><b class="status s${status[0]}">${status}</b> ${inline(first)}</summary>
${linked(markdown(rest.join("\n")))}${Object.entries(content).map(([type, media]) => this.#content(type, media, description))}
${named.length > 0 && html`<p class="small">Headers: ${join(named, ", ")}</p>`}</details>
`;
  }

  /** @param {string} type @param {Media} media @param {string} told */
  #content(type, media, told) {
    const { schema } = media;
    const { description } = this.schemas.resolve(schema);
    return html`<p class="small">${type}: ${this.schemas.type(schema, null)}${!schema.$ref && description && [". ", inline(description)]}</p>
${this.#examples(media, told)}`;
  }

  /** @param {Media} media @param {string} told the text of an error, whose example need not repeat it */
  #examples({ example, examples = {} }, told) {
    const others = Object.entries(examples).filter(([, { value }]) => {
      const { error, ...more } = /** @type {{ error?: string }} */ (value ?? {});
      return !error || Object.keys(more).length > 0 || !told.includes(error);
    });
    return [example !== undefined && json(example), others.map(([name, { value }]) => json(value, `Example: ${name}`))];
  }

  /** @param {string} method @param {string} path @param {Operation} operation */
  #curl(method, path, { security, parameters = [], requestBody }) {
    /** @param {string} name */
    const variable = (name) => `$${name.replace(/(?<=[a-z])(?=[A-Z])|-/g, "_").toUpperCase()}`;
    const query = parameters.filter((given) => given.in === "query" && given.required).map(({ name }) => `${name}=${variable(name)}`);
    const url = `$BASE_URL${path.replace(/\{(\w+)\}/g, (_, name) => variable(name))}${query.length > 0 ? `?${query.join("&")}` : ""}`;
    const lines = [`curl${method === "GET" ? "" : ` -X ${method}`} "${url}"`];
    const [name] = Object.keys(security[0] ?? {});
    const scheme = name && this.document.components.securitySchemes[name];
    if (scheme) {
      const secret = scheme.bearerFormat ? "$API_KEY" : variable(name);
      lines.push(`-H "Authorization: ${scheme.scheme === "bearer" ? "Bearer " : ""}${secret}"`);
    }
    for (const [type, { example }] of Object.entries(requestBody?.content ?? {}).slice(0, 1)) {
      lines.push(`-H "Content-Type: ${type}"`, `-d '${JSON.stringify(example, null, 2).replaceAll("'", "'\\''")}'`);
    }
    return lines.join(" \\\n  ");
  }
}
