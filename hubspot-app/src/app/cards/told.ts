// What the product tells about a record: the answer of GET /card/v1/records/{type}/{id}.

export type Tone = 'danger' | 'warning' | 'success' | 'info' | 'default';
export type Named = { readonly key: string; readonly label: string };
export type Words = Readonly<Record<string, string>>;

/** One stage on the path so far; `text` is its first day. */
export type Step = { readonly on: string; readonly stage: string; readonly label: string; readonly text: string };

/** A figure as it stands on the record: `value` the property's, `text` the same for people. */
export type Figure = {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly text: string;
};

export type Ready = {
  readonly state: 'ready';
  readonly stage: {
    readonly key: string;
    readonly label: string;
    readonly tone: Tone;
    readonly text: string;
    readonly reason: string;
  };
  readonly path: readonly Step[];
  readonly next: { readonly stage: string; readonly text: string; readonly keep_text: string | null } | null;
  readonly figures: readonly Figure[];
  readonly prediction: {
    readonly state: 'shown' | 'withheld' | 'off';
    readonly interval: string | null;
    readonly basis: readonly string[];
    readonly withheld: readonly string[];
  };
  readonly risk: {
    readonly level: string;
    readonly label: string;
    readonly tone: Tone;
    readonly flags: readonly (Named & { readonly reason: string })[];
  };
  readonly action: string | null;
  readonly segments: readonly Named[];
  readonly writing: { readonly state: string; readonly text: string } | null;
  readonly computed: string;
  readonly waiting: boolean;
  readonly texts: Words;
};

/** A record without an outcome, and why. */
export type Faceless = {
  readonly state: string;
  readonly title: string;
  readonly message: string;
  readonly waiting: boolean;
  readonly texts: Words;
};

export type Told = Ready | Faceless;

export type Marked = { readonly state: string; readonly marked: boolean };

export function isReady(told: Told): told is Ready {
  return told.state === 'ready';
}
