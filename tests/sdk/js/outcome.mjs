// What a client returned and raised, for the test to look at: JSON on standard output.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export const settings = JSON.parse(readFileSync(0, 'utf8'));
const outcome = { returned: {}, raised: {} };

// The clients are installed elsewhere, in the folder that the test names.
const require = createRequire(pathToFileURL(`${settings.modules}/package.json`));
export const sdks = (name) => require(name);
export const sdk = (name) => sdks(name).default;

export function returned(name, value) {
  outcome.returned[name] = value;
}

// Calls, and keeps what the error says of itself.
export async function raised(name, call, describe) {
  try {
    await call();
    outcome.raised[name] = null;
  } catch (error) {
    outcome.raised[name] = { class: error.constructor.name, ...describe(error) };
  }
}

export function finish() {
  process.stdout.write(JSON.stringify(outcome));
}

export async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}
