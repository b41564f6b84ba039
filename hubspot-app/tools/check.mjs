// `npm run check`: the project's meta files against their schemas and HubSpot's folder rules.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults, schemasIn } from './project.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const found = faults(root, schemasIn(join(root, 'schemas')));
for (const fault of found) console.error(fault);
if (found.length > 0) process.exit(1);
console.log('The project can be uploaded: every meta file is in its place and as its schema says.');
