// Reading for a page: what was read last stays on it while it is read again.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "./api.ts";
import { type News, useNews } from "./live.ts";
import { session } from "./session.ts";

export interface Query<T> {
  data: T | undefined;
  error: ApiError | null;
  /** Whether the first reading is under way. */
  isLoading: boolean;
  reload(): void;
  /** The data itself, for changes that need no reading. */
  signal: Signal<T | undefined>;
}

/** How soon after news the lists are read again: much news at once is one reading. */
const GATHER_MS = 300;
/** How often what is unsettled is read again. */
const SETTLING_MS = 1_500;

interface Options<T> {
  /** Reads again when there is news. */
  isLive?: boolean;
  /** Which news that is; all, unless given. */
  concerns?: (news: News) => boolean;
  /** Whether what was read is going to change without news: then it is read again on a timer. */
  isUnsettled?: (data: T) => boolean;
  /** Reads nothing as long as this is false. */
  isOn?: boolean;
}

/** Reads when `key` changes, and again on `reload`. Two readings never overtake each other. */
export function useQuery<T>(key: string, read: () => Promise<T>, options: Options<T> = {}): Query<T> {
  const { isLive = false, concerns, isUnsettled, isOn = true } = options;
  const data = useSignal<T | undefined>(undefined);
  const error = useSignal<ApiError | null>(null);
  const latest = useRef(read);
  latest.current = read;
  const state = useRef({ turn: 0, isBusy: false, isWanted: false, timer: 0 });

  const run = async (): Promise<void> => {
    const { current } = state;
    if (current.isBusy) {
      current.isWanted = true;
      return;
    }
    current.isBusy = true;
    const turn = current.turn;
    try {
      const result = await latest.current();
      if (turn === current.turn) {
        data.value = result;
        error.value = null;
      }
    } catch (failure) {
      if (turn === current.turn) error.value = failure instanceof ApiError ? failure : new ApiError(String(failure));
    }
    current.isBusy = false;
    if (current.isWanted) {
      current.isWanted = false;
      void run();
    }
  };

  const who = session.value?.key_id;
  useEffect(() => {
    state.current.turn += 1;
    data.value = undefined;
    error.value = null;
    if (isOn) void run();
    return () => {
      state.current.turn += 1;
      clearTimeout(state.current.timer);
      state.current.timer = 0;
    };
  }, [key, isOn]);

  // Another key of the same organisation: what is on the page stays, and may be more or less than this one sees.
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && isOn) void run();
    isFirst.current = false;
  }, [who]);

  const unsettled = isOn && data.value !== undefined && (isUnsettled?.(data.value) ?? false);
  useEffect(() => {
    if (!unsettled) return;
    const timer = setInterval(() => !document.hidden && void run(), SETTLING_MS);
    return () => clearInterval(timer);
  }, [unsettled, key]);

  useNews((word) => {
    if (!isOn || (word !== "missed" && !isLive) || state.current.timer) return;
    if (typeof word !== "string" && concerns && !word.some(concerns)) return;
    state.current.timer = setTimeout(
      () => {
        state.current.timer = 0;
        void run();
      },
      typeof word === "string" ? 0 : GATHER_MS,
    );
  });

  return {
    data: data.value,
    error: error.value,
    isLoading: data.value === undefined && error.value === null,
    reload: () => void run(),
    signal: data,
  };
}
