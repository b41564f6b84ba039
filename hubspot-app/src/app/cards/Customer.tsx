// A customer: stage with its reason, path so far, next change, value with what it rests on, risk, what to do.
import {
  Alert,
  DescriptionList,
  DescriptionListItem,
  Divider,
  Flex,
  Heading,
  List,
  Statistics,
  StatisticsItem,
  StatusTag,
  StepIndicator,
  Tag,
  Text,
} from '@hubspot/ui-extensions';
import type { Ready, Step } from './told';

/** Longer paths begin with how many steps came before. */
export const STEPS_SHOWN = 6;

export function Customer({ told }: { told: Ready }) {
  return (
    <Flex direction="column" gap="md">
      {told.writing ? <Alert title={told.writing.text} variant={told.writing.state === 'parked' ? 'error' : 'info'} /> : null}
      <Stage told={told} />
      <Next told={told} />
      <Action told={told} />
      <Divider />
      <Value told={told} />
      <Divider />
      <Risk told={told} />
      <Path told={told} />
      <Segments told={told} />
    </Flex>
  );
}

function Stage({ told }: { told: Ready }) {
  return (
    <Flex direction="column" gap="xs">
      <Flex gap="sm" align="center" wrap="wrap">
        <StatusTag variant={told.stage.tone} testId="stage">
          {told.stage.label}
        </StatusTag>
        <Text inline>{told.stage.text}</Text>
      </Flex>
      <Text testId="reason">{told.stage.reason}</Text>
    </Flex>
  );
}

function Next({ told }: { told: Ready }) {
  return (
    <DescriptionList direction="column">
      <DescriptionListItem label={told.texts.next ?? ''}>
        <Text testId="next" format={{ fontWeight: 'demibold' }}>
          {told.next ? told.next.text : told.texts.no_next}
        </Text>
        {told.next?.keep_text ? <Text testId="keep-until">{told.next.keep_text}</Text> : null}
      </DescriptionListItem>
    </DescriptionList>
  );
}

function Action({ told }: { told: Ready }) {
  if (!told.action) return null;
  return (
    <DescriptionList direction="column">
      <DescriptionListItem label={told.texts.action ?? ''}>
        <Text testId="action">{told.action}</Text>
      </DescriptionListItem>
    </DescriptionList>
  );
}

function Value({ told }: { told: Ready }) {
  const { prediction } = told;
  const basis = prediction.basis.map((line) => (
    <Text key={line} variant="microcopy">
      {line}
    </Text>
  ));
  return (
    <Flex direction="column" gap="sm">
      <Heading>{told.texts.value}</Heading>
      {told.figures.length > 0 ? (
        <Statistics>
          {told.figures.map((figure) => (
            <StatisticsItem key={figure.name} id={figure.name} label={figure.label} number={figure.text} />
          ))}
        </Statistics>
      ) : null}
      {prediction.interval ? <Text testId="interval">{prediction.interval}</Text> : null}
      {prediction.state === 'withheld' ? (
        <Alert title={told.texts.thin ?? ''} variant="info" testId="thin">
          {prediction.withheld.map((line) => (
            <Text key={line}>{line}</Text>
          ))}
        </Alert>
      ) : null}
      {basis.length > 0 ? (
        <Flex direction="column" gap="flush" testId="basis">
          <Text variant="microcopy" format={{ fontWeight: 'demibold' }}>
            {told.texts.basis}
          </Text>
          {basis}
        </Flex>
      ) : null}
    </Flex>
  );
}

function Risk({ told }: { told: Ready }) {
  const { risk } = told;
  return (
    <Flex direction="column" gap="sm">
      <Flex gap="sm" align="center">
        <Heading inline>{told.texts.risk}</Heading>
        <StatusTag variant={risk.tone} testId="risk">
          {risk.label}
        </StatusTag>
      </Flex>
      {risk.flags.length === 0 ? (
        <Text testId="no-risk">{told.texts.no_risk}</Text>
      ) : (
        <List variant="unordered-styled">
          {risk.flags.map((flag) => (
            <Text key={flag.key} testId={`flag-${flag.key}`}>
              {flag.reason ? `${flag.label}: ${flag.reason}` : flag.label}
            </Text>
          ))}
        </List>
      )}
    </Flex>
  );
}

function named(step: Step): string {
  return `${step.label} · ${step.text}`;
}

function Path({ told }: { told: Ready }) {
  if (told.path.length === 0) return null;
  const shown = told.path.slice(-STEPS_SHOWN);
  const left = told.path.length - shown.length;
  const names = [...(left > 0 ? [`+${left}`] : []), ...shown.map(named)];
  return (
    <Flex direction="column" gap="sm">
      <Heading>{told.texts.path}</Heading>
      <StepIndicator testId="path" direction="vertical" circleSize="xs" stepNames={names} currentStep={names.length - 1} />
    </Flex>
  );
}

function Segments({ told }: { told: Ready }) {
  if (told.segments.length === 0) return null;
  return (
    <Flex gap="xs" wrap="wrap" align="center">
      <Text variant="microcopy">{told.texts.segments}</Text>
      {told.segments.map((segment) => (
        <Tag key={segment.key}>{segment.label}</Tag>
      ))}
    </Flex>
  );
}
