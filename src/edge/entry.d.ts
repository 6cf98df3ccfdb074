// The parts of the runtime and of the generated glue that entry.js uses.

declare module "wasm-glue" {
  export interface RustObject {
    /** The reply to a command; nothing when storage failed. */
    fetch(command: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined>;
    alarm(): Promise<void>;
    /** In a local build alone. */
    sql?(statement: string): string;
  }
  export const TrunkObject: new (ctx: unknown, env: unknown) => RustObject;
  export const DirectoryObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ErrandObject: new (ctx: unknown, env: unknown) => RustObject;
  export const ContactsObject: new (ctx: unknown, env: unknown) => RustObject;
  export function fetch(request: Request, env: unknown, ctx: unknown): Promise<Response & { rest?: string }>;
  /** Whether a route's answers come as a stream to whoever prefers one. */
  export function streams(method: string, url: string): boolean;
  /** What follows an answer with a `rest`, and how to go on from there. */
  export function goOn(rest: string, env: unknown, ctx: unknown): Promise<[piece: string, rest: string | undefined]>;
  export function queue(batch: unknown, env: unknown, ctx: unknown): Promise<unknown>;
  export function scheduled(event: unknown, env: unknown, ctx: unknown): Promise<unknown>;
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
