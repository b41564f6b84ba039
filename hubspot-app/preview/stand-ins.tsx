// Plain HTML in place of HubSpot's components and calls, so that the card can be looked at without HubSpot.
// Names and properties are those of @hubspot/ui-extensions; only what the card uses is here.
import type { ReactNode } from 'react';

type Kids = { children?: ReactNode; testId?: string };
const px = { flush: 0, xs: 4, 'extra-small': 4, sm: 8, small: 8, md: 16, medium: 16, lg: 24, large: 24 } as Record<string, number>;

export function Flex(p: Kids & { direction?: string; gap?: string; align?: string; wrap?: string }) {
  const style = {
    flexDirection: p.direction as 'row' | 'column' | undefined,
    gap: px[p.gap ?? 'flush'],
    alignItems: p.align,
    flexWrap: p.wrap as 'wrap' | undefined,
  };
  return (
    <div className="flex" style={style} data-test={p.testId}>
      {p.children}
    </div>
  );
}

export function Text(p: Kids & { variant?: string; inline?: boolean; format?: { fontWeight?: string } }) {
  const Tag = p.inline ? 'span' : 'p';
  return (
    <Tag className={`text ${p.variant ?? ''} ${p.format?.fontWeight ?? ''}`} data-test={p.testId}>
      {p.children}
    </Tag>
  );
}

export const Heading = (p: Kids & { inline?: boolean }) => <h2 data-test={p.testId}>{p.children}</h2>;
export const Divider = () => <hr />;

export const StatusTag = (p: Kids & { variant?: string }) => (
  <span className={`status ${p.variant ?? 'default'}`} data-test={p.testId}>
    {p.children}
  </span>
);
export const Tag = (p: Kids) => <span className="tag">{p.children}</span>;

export const Alert = (p: Kids & { title: string; variant?: string }) => (
  <div role="status" className={`alert ${p.variant ?? 'info'}`} data-test={p.testId}>
    <strong>{p.title}</strong>
    {p.children}
  </div>
);

export const DescriptionList = (p: Kids & { direction?: string }) => <dl className={p.direction}>{p.children}</dl>;
export const DescriptionListItem = (p: Kids & { label: string }) => (
  <div>
    <dt>{p.label}</dt>
    <dd>{p.children}</dd>
  </div>
);

export const Statistics = (p: Kids) => <div className="statistics">{p.children}</div>;
export const StatisticsItem = (p: { id?: string; label: string; number: ReactNode }) => (
  <div data-test={`figure-${p.id}`}>
    <span>{p.label}</span>
    <b>{p.number}</b>
  </div>
);

export const List = (p: Kids) => (
  <ul>{Array.isArray(p.children) ? p.children.map((one, i) => <li key={i}>{one}</li>) : <li>{p.children}</li>}</ul>
);

export const StepIndicator = (p: { stepNames: string[]; currentStep?: number; testId?: string }) => (
  <ol className="steps" data-test={p.testId}>
    {p.stepNames.map((name, i) => (
      <li key={name} aria-current={i === p.currentStep ? 'step' : undefined}>
        {name}
      </li>
    ))}
  </ol>
);

type Pressed = Kids & { onClick?: () => void; disabled?: boolean; variant?: string; loading?: boolean };
export const Button = (p: Pressed) => (
  <button type="button" className={p.variant ?? 'secondary'} disabled={p.disabled} onClick={p.onClick} data-test={p.testId}>
    {p.children}
  </button>
);
export const LoadingButton = (p: Pressed) => (
  <Button {...p}>
    {p.loading ? <i className="spinner" aria-hidden /> : null}
    {p.children}
  </Button>
);

export const LoadingSpinner = (p: { label: string; showLabel?: boolean }) => (
  <div className="loading" role="status">
    <i className="spinner" aria-hidden />
    {p.label}
  </div>
);

export const EmptyState = (p: Kids & { title?: string }) => (
  <section className="empty" data-test={p.testId}>
    <h2>{p.title}</h2>
    {p.children}
  </section>
);
export const ErrorState = (p: Kids & { title?: string; type?: string }) => (
  <section className="empty error" role="alert">
    <h2>{p.title}</h2>
    {p.children}
  </section>
);
export const Link = (p: Kids & { href: string | { url: string } }) => (
  <a href={typeof p.href === 'string' ? p.href : p.href.url}>{p.children}</a>
);

/** HubSpot's call, made by whatever the page puts in its place. */
export const hubspot = {
  fetch: (url: string, options?: object): Promise<Response> =>
    (globalThis as unknown as { hsFetch: (url: string, options?: object) => Promise<Response> }).hsFetch(url, options),
  extend: () => undefined,
};
