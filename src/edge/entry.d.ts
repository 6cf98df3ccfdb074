// The parts of the runtime and of the generated glue that entry.js uses.

declare module "wasm-glue" {
  /** A value that is known at once comes as it is; any other as a promise. */
  type Later<T> = T | Promise<T>;
  export interface RustObject {
    /** Carries out a command. Returns its reply, or nothing if storage failed. */
    fetch(command: Uint8Array): Later<Uint8Array<ArrayBuffer> | undefined>;
    alarm(): Later<void>;
    /** Only in local builds. */
    sql?(statement: string): string;
  }
  export const TrunkObject: new (ctx: unknown, env: unknown) => RustObject;
  export const DirectoryObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ErrandObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ContactsObject: new (ctx: unknown, env: unknown) => RustObject;
  export const CampaignObject: new (ctx: unknown, env: unknown) => RustObject;
  export function fetch(head: string, body: Uint8Array, request: Request, env: unknown, ctx: unknown): Later<Response & { rest?: string }>;
  /** The most bytes that this route accepts as a body. */
  export function bodyLimit(method: string, url: string): number;
  /** Passes on the result of a call to the platform. */
  export function settled(call: number, isGood: boolean, value: unknown): void;
  /** Whether a route answers with a stream if the client prefers one. */
  export function streams(method: string, url: string): boolean;
  /** The next piece of a response that has a `rest`, and the `rest` to continue with. */
  export function goOn(rest: string, env: unknown, ctx: unknown): Later<[piece: string, rest: string | undefined]>;
  export function queue(batch: unknown, env: unknown, ctx: unknown): Later<unknown>;
  export function scheduled(event: unknown, env: unknown, ctx: unknown): Later<unknown>;
  /** Added by the build: the callback runs at the moment an instance dies. */
  export function setOnTrap(callback: () => void): void;
}

declare module "cloudflare:workers" {
  export class DurableObject {
    constructor(ctx: unknown, env: unknown);
    protected ctx: { abort(reason: string): void };
    protected env: unknown;
  }
}
