// The API reference for people: one page, made of the OpenAPI document and in its own words.

import { code, html, inline, join, markdown } from "./html.mjs";
import { list, required, row, Schemas } from "./schemas.mjs";

/**
 * What this page reads of a document.
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

/** @param {Document} document @returns {string} the page */
export const renderReference = (document) => new Reference(document).page().text;

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

class Reference {
  /** @param {Document} document */
  constructor(document) {
    this.document = document;
    this.schemas = new Schemas(document);
    this.routes = this.#routesOf(document.paths, false);
  }

  /** Each followed by what it calls back. @param {Paths} paths @param {boolean} isCallback @returns {Route[]} */
  #routesOf(paths, isCallback) {
    return Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) => [
        { method: method.toUpperCase(), path, isCallback, operation },
        ...Object.values(operation.callbacks ?? {}).flatMap((callback) => this.#routesOf(callback, true)),
      ]),
    );
  }

  page() {
    const { info, tags, components } = this.document;
    const servers = list(this.document.servers.map(({ url, description }) => row(url, null, inline(description))));
    const credentials = Object.entries(components.securitySchemes).map(([name, { in: place, scheme, description }]) =>
      row(name, place ?? scheme, inline(description), `security-${name}`),
    );
    const headers = Object.entries(components.headers ?? {}).map(([name, { description, schema }]) =>
      row(name, this.schemas.type(schema, null), [inline(description), this.schemas.bounds(schema)], `header-${name}`),
    );
    const parts = tags.map(({ name, description }) => {
      const routes = this.routes.filter(({ operation }) => operation.tags[0] === name);
      return { id: `tag-${slug(name)}`, name, description, routes };
    });
    const operations = parts.map(({ id, name, description, routes }) => {
      return section(id, name, [markdown(description), routes.map((route) => this.#operation(route))]);
    });
    return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title}: API reference</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to the reference</a>
<header>
<h1>${info.title}</h1>
<p class="about">API reference, version ${info.version} · <a href="/openapi.json">openapi.json</a> · <a href="/studio">Studio</a></p>
</header>
<nav aria-label="Contents"><ul>
${parts.map(({ id, name, routes }) => html`<li><a href="#${id}">${name}</a><ul>\n${routes.map((route) => this.#entry(route))}</ul></li>\n`)}
<li><a href="#objects">Objects</a></li>
<li><a href="#headers">Headers</a></li>
</ul></nav>
<main id="content">
${markdown(info.description)}
${section("servers", "Servers", [servers, html`<p>In the examples <code>BASE_URL</code> is one of them, or the origin of this page, and <code>API_KEY</code> a key.</p>`])}
${section("credentials", "Credentials", list(credentials))}
${operations}
${section("objects", "Objects", this.#objects(operations))}
${section("headers", "Headers", list(headers))}
</main>
</body>
</html>
`;
  }

  /** The objects that something else names; a body that one operation alone takes is told there. @param {Content} operations */
  #objects(operations) {
    const objects = Object.entries(this.document.components.schemas).map(([name, schema]) => {
      return { name, about: [markdown(schema.description ?? ""), this.schemas.fields(schema, "", null)] };
    });
    const { text } = html`${operations}${objects.map(({ about }) => about)}`;
    return objects
      .filter(({ name }) => text.includes(`href="#object-${name}"`))
      .map(({ name, about }) => article(`object-${name}`, name, about));
  }

  /** Of the contents. @param {Route} route */
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
<h4>Answers</h4>
${Object.entries(responses).map(([status, answer]) => this.#answer(status, this.schemas.follow(answer)))}`;
    return article(id, summary, about);
  }

  /** @param {Operation} operation */
  #access({ security }) {
    if (security.length === 0) return "No credentials.";
    const schemes = security.flatMap((either) => Object.keys(either)).map((name) => html`<a href="#security-${name}">${name}</a>`);
    return ["By ", join(schemes, " or "), "."];
  }

  /** What an operation calls back later. @param {Operation} operation */
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

  /** Which of them succeed is open; the others open at a click. @param {string} status @param {Answer} answer */
  #answer(status, { description, headers = {}, content = {} }) {
    const [first = "", ...rest] = description.split("\n");
    const named = Object.entries(headers).map(([name, header]) => {
      const to = "$ref" in header ? String(header.$ref).split("/").at(-1) : undefined;
      return to ? html`<a href="#header-${to}">${name}</a>` : html`<code>${name}</code>`;
    });
    return html`<details${status.startsWith("2") && html` open`}><summary><b class="status s${status[0]}">${status}</b> ${inline(first)}</summary>
${markdown(rest.join("\n"))}${Object.entries(content).map(([type, media]) => this.#content(type, media, description))}
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

  /** @param {Media} media @param {string} told an example of an error whose text stands there needs no second telling */
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
