// Loads the card in one call, looks again on request, and waits for the new state for a bounded time.
import { useCallback, useEffect, useRef, useState } from 'react';
import { call, isFault, type Fault } from './backend';
import { isReady, type Marked, type Told } from './told';

/** How often, and how many times, the card asks whether the record has been looked at. */
export const POLL_MS = 2_000;
export const POLLS = 15;

export type Looking = 'no' | 'looking' | 'looked' | 'late' | 'failed';
export type Card = { readonly told: Told | Fault | null; readonly looking: Looking };
export type UseCard = Card & { readonly load: () => void; readonly lookAgain: () => void };

export function useCard(objectTypeId: string, objectId: number | string): UseCard {
  const [card, setCard] = useState<Card>({ told: null, looking: 'no' });
  const turn = useRef(0); // a later wish, another record or closing ends what an earlier one waits for

  const begin = useCallback(() => {
    const mine = ++turn.current;
    return {
      show: (next: Partial<Card>) => mine === turn.current && setCard((now) => ({ ...now, ...next })),
      goesOn: () => mine === turn.current,
    };
  }, []);

  const read = useCallback(
    () => call<Told>(`records/${encodeURIComponent(objectTypeId)}/${encodeURIComponent(objectId)}`),
    [objectTypeId, objectId],
  );

  /** Ask until the record has been looked at; what was shown stays, whatever happens meanwhile. */
  const wait = useCallback(
    async (mine: ReturnType<typeof begin>, otherwise: Looking) => {
      for (let asked = 0; asked < POLLS; asked++) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        if (!mine.goesOn()) return;
        const told = await read();
        if (!isFault(told) && !told.waiting) return mine.show({ told, looking: 'looked' });
      }
      mine.show({ looking: otherwise });
    },
    [read],
  );

  const load = useCallback(async () => {
    const mine = begin();
    mine.show({ told: null, looking: 'no' });
    const told = await read();
    mine.show({ told });
    if (!isFault(told) && told.waiting && !isReady(told)) await wait(mine, 'no');
  }, [begin, read, wait]);

  const lookAgain = useCallback(async () => {
    const mine = begin();
    mine.show({ looking: 'looking' });
    const marked = await call<Marked>('refresh', { objectType: objectTypeId, objectId: String(objectId) });
    if (isFault(marked) || marked.state !== 'waiting') return mine.show({ looking: 'failed' });
    await wait(mine, 'late');
  }, [begin, wait, objectTypeId, objectId]);

  useEffect(() => {
    void load();
    const open = turn;
    return () => {
      open.current++;
    };
  }, [load]);

  return { ...card, load: () => void load(), lookAgain: () => void lookAgain() };
}
