// Reading for a page: the data read last stays visible while it is read again.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "./api.ts";
import { type FeedEvent, useEvents } from "./live.ts";
import { session } from "./session.ts";

export interface Query<T> {
  data: T | undefined;
  error: ApiError | null;
  /** Whether the first read is under way. */
  isLoading: boolean;
  reload(): void;
  /** The data itself, for changes that need no read. */
  signal: Signal<T | undefined>;
}

/** How soon after an event the lists are read again: several events together cause one read. */
const GATHER_MS = 300;
/** How often unsettled data is read again. */
const SETTLING_MS = 1_500;

interface Options<T> {
  /** Reads again when there are events. */
  isLive?: boolean;
  /** The time within which several events cause one read, for expensive reads. */
  gatherMs?: number;
  /** Which events those are; all by default. */
  affects?: (event: FeedEvent) => boolean;
  /** Whether the data will change without an event: it is then read again on a timer. */
  isUnsettled?: (data: T) => boolean;
  /** Reads nothing while this is false. */
  isOn?: boolean;
}

/** Reads when `key` changes, and again on `reload`. Reads never overtake each other. */
export function useQuery<T>(key: string, read: () => Promise<T>, options: Options<T> = {}): Query<T> {
  const { isLive = false, gatherMs = GATHER_MS, affects, isUnsettled, isOn = true } = options;
  const { data, error, run, restart } = useReading(read);
  useEffect(() => {
    restart();
    if (isOn) run();
    return restart;
  }, [key, isOn]);

  // Another key of the same organisation: the page's data stays, though it may be more or less than this key can see.
  const who = session.value?.key_id;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && isOn) run();
    isFirst.current = false;
  }, [who]);

  const unsettled = isOn && data.value !== undefined && (isUnsettled?.(data.value) ?? false);
  useEffect(() => {
    if (!unsettled) return;
    const timer = setInterval(() => !document.hidden && run(), SETTLING_MS);
    return () => clearInterval(timer);
  }, [unsettled, key]);

  useRereading(run, key, { isLive, gatherMs, affects, isOn });

  return {
    data: data.value,
    error: error.value,
    isLoading: data.value === undefined && error.value === null,
    reload: run,
    signal: data,
  };
}

interface Reading<T> {
  data: Signal<T | undefined>;
  error: Signal<ApiError | null>;
  /** Reads, or reads once more after the read under way. */
  run: () => void;
  /** Discards what was read, and what is being read. */
  restart: () => void;
}

function useReading<T>(read: () => Promise<T>): Reading<T> {
  const data = useSignal<T | undefined>(undefined);
  const error = useSignal<ApiError | null>(null);
  const latest = useRef(read);
  latest.current = read;
  const state = useRef({ generation: 0, isBusy: false, isWanted: false });

  const run = async (): Promise<void> => {
    const { current } = state;
    if (current.isBusy) {
      current.isWanted = true;
      return;
    }
    current.isBusy = true;
    const { generation } = current;
    try {
      const result = await latest.current();
      if (generation === current.generation) {
        data.value = result;
        error.value = null;
      }
    } catch (failure) {
      if (generation === current.generation) error.value = failure instanceof ApiError ? failure : new ApiError(String(failure));
    }
    current.isBusy = false;
    if (current.isWanted) {
      current.isWanted = false;
      void run();
    }
  };
  const restart = () => {
    state.current.generation += 1;
    data.value = undefined;
    error.value = null;
  };
  return { data, error, run: () => void run(), restart };
}

type When<T> = Pick<Options<T>, "isLive" | "affects" | "isOn"> & { gatherMs: number };

/** Reads again when an event announces something new, and when events may have been missed. */
function useRereading<T>(run: () => void, key: string, { isLive, gatherMs, affects, isOn }: When<T>): void {
  const timer = useRef(0);
  const stop = () => {
    clearTimeout(timer.current);
    timer.current = 0;
  };
  useEffect(() => stop, [key, isOn]);
  useEvents((signal) => {
    if (!isOn || (signal !== "resync" && !isLive) || timer.current) return;
    if (typeof signal !== "string" && affects && !signal.some(affects)) return;
    timer.current = setTimeout(
      () => {
        timer.current = 0;
        run();
      },
      typeof signal !== "string" ? gatherMs : signal === "poll" ? gatherMs - GATHER_MS : 0,
    );
  });
}
