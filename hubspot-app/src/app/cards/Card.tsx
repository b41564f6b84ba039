// The record card: which of its faces is shown, and the button that looks again.
import { Alert, Button, EmptyState, ErrorState, Flex, LoadingButton, LoadingSpinner, Text } from '@hubspot/ui-extensions';
import { isFault, type Fault } from './backend';
import { Customer } from './Customer';
import { isReady, type Faceless, type Words } from './told';
import { useCard, type Looking, type UseCard } from './useCard';
import { wordsFor } from './words';

export type CardProps = {
  readonly objectTypeId: string;
  readonly objectId: number | string;
  readonly locale?: string | undefined;
};

export function Card({ objectTypeId, objectId, locale }: CardProps) {
  const card = useCard(objectTypeId, objectId);
  const own = wordsFor(locale);
  if (card.told === null) return <LoadingSpinner label={own.loading} showLabel layout="centered" />;
  if (isFault(card.told)) return <Failed fault={card.told} words={own} load={card.load} />;
  if (!isReady(card.told)) return <Nothing told={card.told} card={card} />;
  return (
    <Flex direction="column" gap="md">
      <Customer told={card.told} />
      <LookAgain card={card} words={card.told.texts} />
      <Text variant="microcopy">{card.told.computed}</Text>
    </Flex>
  );
}

function Failed({ fault, words, load }: { fault: Fault; words: Words; load: () => void }) {
  const more = fault.fault === 'busy' ? words.too_many : words.failed_more;
  return (
    <ErrorState title={words.failed ?? ''} type={fault.fault === 'refused' ? 'lock' : 'error'}>
      <Text>{more}</Text>
      {fault.message ? <Text variant="microcopy">{fault.message}</Text> : null}
      <Button testId="retry" onClick={load}>
        {words.retry}
      </Button>
    </ErrorState>
  );
}

/** Faces of a record without an outcome; looking again helps only where there is something to look at. */
const LOOKABLE = new Set(['unknown_record', 'no_data', 'waiting', 'given_up']);
const IMAGES = {
  not_installed: 'integrations',
  not_loaded: 'building',
  waiting: 'building',
  not_a_customer: 'multipleObjects',
  erased: 'lock',
  given_up: 'cone',
} as const;

function Nothing({ told, card }: { told: Faceless; card: UseCard }) {
  const image = IMAGES[told.state as keyof typeof IMAGES] ?? 'emptyStateCharts';
  return (
    <EmptyState title={told.title} imageName={image} layout="vertical" testId={`face-${told.state}`}>
      <Text>{told.message}</Text>
      {LOOKABLE.has(told.state) ? <LookAgain card={card} words={told.texts} /> : null}
    </EmptyState>
  );
}

const NOTES: Partial<Record<Looking, { text: string; variant: 'success' | 'warning' | 'error' }>> = {
  looked: { text: 'looked', variant: 'success' },
  late: { text: 'look_late', variant: 'warning' },
  failed: { text: 'look_failed', variant: 'error' },
};

function LookAgain({ card, words }: { card: UseCard; words: Words }) {
  const note = NOTES[card.looking];
  const busy = card.looking === 'looking';
  return (
    <Flex direction="column" gap="sm" align="start">
      <LoadingButton testId="look-again" variant="secondary" loading={busy} disabled={busy} onClick={card.lookAgain}>
        {busy ? words.looking : words.look}
      </LoadingButton>
      {note ? <Alert title={words[note.text] ?? ''} variant={note.variant} /> : null}
    </Flex>
  );
}
