// Shows how a portal stands: mode, customers, what waits. It changes nothing: a request names no rights.
import {
  Alert,
  Button,
  DescriptionList,
  DescriptionListItem,
  EmptyState,
  ErrorState,
  Flex,
  Heading,
  Link,
  LoadingSpinner,
  Statistics,
  StatisticsItem,
  Text,
} from '@hubspot/ui-extensions';
import { useEffect, useState } from 'react';
import { call, isFault, type Fault } from './backend';
import { wordsFor } from './words';

export type Portal = {
  readonly state: 'ready';
  readonly mode: { readonly key: string; readonly text: string };
  readonly stages: readonly { readonly key: string; readonly label: string; readonly text: string }[];
  readonly rows: readonly { readonly name: string; readonly label: string; readonly text: string }[];
  readonly settled: string;
  readonly admin_url: string;
  readonly texts: Readonly<Record<string, string>>;
};
type Absent = { readonly state: string; readonly title: string; readonly message: string };

export function SettingsPage({ locale }: { readonly locale?: string | undefined }) {
  const [told, setTold] = useState<Portal | Absent | Fault | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let open = true;
    void call<Portal | Absent>('portal').then((answer) => open && setTold(answer));
    return () => {
      open = false;
    };
  }, [turn]);
  const retry = () => {
    setTold(null);
    setTurn(turn + 1);
  };

  const own = wordsFor(locale);
  if (told === null) return <LoadingSpinner label={own.loading} showLabel layout="centered" />;
  if (isFault(told)) {
    return (
      <ErrorState title={own.failed} type={told.fault === 'refused' ? 'lock' : 'error'}>
        <Text>{told.fault === 'busy' ? own.too_many : own.failed_more}</Text>
        {told.message ? <Text variant="microcopy">{told.message}</Text> : null}
        <Button testId="retry" onClick={retry}>
          {own.retry}
        </Button>
      </ErrorState>
    );
  }
  return 'title' in told ? <Missing told={told} /> : <Standing portal={told} />;
}

function Missing({ told }: { told: Absent }) {
  return (
    <EmptyState title={told.title} imageName="integrations" testId={`face-${told.state}`}>
      <Text>{told.message}</Text>
    </EmptyState>
  );
}

function Standing({ portal }: { portal: Portal }) {
  const { texts } = portal;
  return (
    <Flex direction="column" gap="md">
      <Heading>{texts.settings}</Heading>
      <Alert title={portal.mode.text} variant={portal.mode.key === 'live' ? 'success' : 'info'} testId="mode" />
      <Text testId="settled">{portal.settled}</Text>
      <DescriptionList direction="row">
        {portal.rows.map((row) => (
          <DescriptionListItem key={row.name} label={row.label}>
            <Text testId={`row-${row.name}`}>{row.text}</Text>
          </DescriptionListItem>
        ))}
      </DescriptionList>
      <Heading>{texts.settings_customers}</Heading>
      <Statistics>
        {portal.stages.map((stage) => (
          <StatisticsItem key={stage.key} id={stage.key} label={stage.label} number={stage.text} />
        ))}
      </Statistics>
      <Text variant="microcopy">{texts.settings_read_only}</Text>
      <Link href={{ url: portal.admin_url, external: true }}>{texts.settings_admin}</Link>
    </Flex>
  );
}
