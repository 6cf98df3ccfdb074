// The parts of the runtime and of the generated glue that entry.js uses.

declare module "wasm-glue" {
  /** What is known at once comes as it is, all else as a promise. */
  type Later<T> = T | Promise<T>;
  export interface RustObject {
    /** The reply to a command; nothing when storage failed. */
    fetch(command: Uint8Array): Later<Uint8Array<ArrayBuffer> | undefined>;
    alarm(): Later<void>;
    /** In a local build alone. */
    sql?(statement: string): string;
  }
  export const TrunkObject: new (ctx: unknown, env: unknown) => RustObject;
  export const DirectoryObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ErrandObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ContactsObject: new (ctx: unknown, env: unknown) => RustObject;
  export const CampaignObject: new (ctx: unknown, env: unknown) => RustObject;
  export function fetch(head: string, body: Uint8Array, request: Request, env: unknown, ctx: unknown): Later<Response & { rest?: string }>;
  /** How many bytes of a body its route takes. */
  export function bodyLimit(method: string, url: string): number;
  /** Tells what came of a call of the platform. */
  export function settled(call: number, isGood: boolean, value: unknown): void;
  /** Whether a route's answers come as a stream to whoever prefers one. */
  export function streams(method: string, url: string): boolean;
  /** What follows an answer with a `rest`, and how to go on from there. */
  export function goOn(rest: string, env: unknown, ctx: unknown): Later<[piece: string, rest: string | undefined]>;
  export function queue(batch: unknown, env: unknown, ctx: unknown): Later<unknown>;
  export function scheduled(event: unknown, env: unknown, ctx: unknown): Later<unknown>;
  /** Added by the build: called at the moment an instance dies. */
  export function setOnTrap(callback: () => void): void;
}

declare module "cloudflare:workers" {
  export class DurableObject {
    constructor(ctx: unknown, env: unknown);
    protected ctx: { abort(reason: string): void };
    protected env: unknown;
  }
}
