// Reads the project as HubSpot's upload does, and says everything that is wrong with it. No network.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { Ajv } from 'ajv';

const META = '-hsmeta.json';

// HubSpot's rule: a component lies at the root of its type's folder; a meta file elsewhere is silently skipped.
export const FOLDERS = {
  app: 'app',
  card: join('app', 'cards'),
  settings: join('app', 'settings'),
  webhooks: join('app', 'webhooks'),
};
// HubSpot's rule: of these a project has one each.
const SINGLE = new Set(['app', 'settings', 'webhooks']);
const FIELDS = new Set(['uid', 'type', 'config', 'dependencies', 'permissions']);
const UID = /^[A-Za-z0-9_.-]{1,64}$/;

/** Every fault of the project in `root`, one sentence each; empty where it can be uploaded. */
export function faults(root, schemas) {
  const project = new Project(root, schemas);
  project.check();
  return project.found;
}

class Project {
  constructor(root, schemas) {
    this.root = root;
    this.found = [];
    this.ajv = new Ajv({ allErrors: true, strictTypes: false });
    this.schemas = schemas;
  }

  check() {
    const own = this.read(join(this.root, 'hsproject.json'));
    if (!own) return;
    this.hold('hsproject.json', 'hsproject', own);
    const source = join(this.root, String(own.srcDir));
    const files = walk(source).filter((file) => file.endsWith(META));
    const parts = files.map((file) => this.component(source, file)).filter(Boolean);
    this.together(parts);
    this.packages(source);
  }

  component(source, file) {
    const name = relative(source, file);
    const part = this.read(file);
    if (!part) return null;
    for (const field of Object.keys(part)) if (!FIELDS.has(field)) this.say(name, `unknown field "${field}"`);
    if (!UID.test(part.uid ?? '')) this.say(name, 'uid must be 1 to 64 letters, digits, _ . or -');
    const folder = FOLDERS[part.type];
    const here = relative(source, dirname(file));
    if (!folder) this.say(name, `unknown type "${part.type}"`);
    else if (here !== folder) this.say(name, `a ${part.type} lies in ${folder}; HubSpot would silently skip this file`);
    else if (!part.config) this.say(name, 'config is missing');
    else {
      this.hold(name, part.type, part.config);
      this.entrypoint(source, name, part.config.entrypoint);
    }
    return { ...part, name };
  }

  entrypoint(source, name, entry) {
    if (entry && !existsSync(join(source, ...entry.split('/')))) this.say(name, `there is no ${entry}`);
  }

  together(parts) {
    const uids = new Map();
    for (const part of parts) {
      if (uids.has(part.uid)) this.say(part.name, `uid "${part.uid}" is also that of ${uids.get(part.uid)}`);
      uids.set(part.uid, part.name);
    }
    for (const type of Object.keys(FOLDERS)) {
      const count = parts.filter((part) => part.type === type).length;
      if (count > 1 && SINGLE.has(type)) this.say('project', `${count} components of type ${type}; one is allowed`);
    }
    const app = parts.find((part) => part.type === 'app');
    if (!app) this.say('project', 'there is no app');
    const limit = parts.find((part) => part.type === 'webhooks');
    const subscribed = Object.values(limit?.config?.subscriptions ?? {}).flat().length;
    if (subscribed > 1000) this.say(limit.name, `${subscribed} subscriptions; HubSpot allows 1000`);
    this.addresses(app, limit);
  }

  /** One product behind everything: webhooks, calls and pages go to one address, which the app permits. */
  addresses(app, webhooks) {
    const permitted = app?.config?.permittedUrls?.fetch ?? [];
    const target = webhooks?.config?.settings?.targetUrl ?? '';
    if (target && !permitted.some((url) => target.startsWith(`${url}/`)))
      this.say(webhooks.name, `targetUrl ${target} is not under permittedUrls.fetch of the app`);
    for (const folder of ['cards', 'settings']) {
      const file = join(this.root, 'src', 'app', folder, 'address.ts');
      const address = existsSync(file) ? /'(https?:[^']*)'/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
      if (existsSync(dirname(file)) && (!address || !permitted.includes(address)))
        this.say(`${folder}/address.ts`, `${address} is not among permittedUrls.fetch of the app`);
    }
  }

  /** What is tested here is what HubSpot installs: the same versions, react exactly as the testing tools want it. */
  packages(source) {
    const dev = this.read(join(this.root, 'package.json'))?.devDependencies ?? {};
    for (const folder of ['cards', 'settings']) {
      const file = join(source, 'app', folder, 'package.json');
      if (!existsSync(file)) continue;
      for (const [name, version] of Object.entries(this.read(file)?.dependencies ?? {}))
        if (dev[name] !== version) this.say(`${folder}/package.json`, `${name} is ${version} and tested with ${dev[name]}`);
    }
    const copies = ['cards', 'settings'].map((folder) => join(source, 'app', folder, 'backend.ts'));
    if (copies.every(existsSync) && new Set(copies.map((file) => readFileSync(file, 'utf8'))).size > 1)
      this.say('settings/backend.ts', 'differs from cards/backend.ts');
  }

  hold(name, schema, value) {
    const valid = this.ajv.validate(this.schemas[schema], value);
    for (const error of valid ? [] : this.ajv.errors)
      this.say(name, `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
  }

  read(file) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      this.say(relative(this.root, file), error.message);
      return null;
    }
  }

  say(name, text) {
    this.found.push(`${name.split(sep).join('/')}: ${text}`);
  }
}

function walk(folder) {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? walk(path) : [path]));
}

/** The schemas in a folder by name. */
export function schemasIn(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(files.map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(folder, name), 'utf8'))]));
}
