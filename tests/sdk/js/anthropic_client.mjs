// The official Anthropic client, as its users write it.

import { all, finish, raised, returned, sdk, settings } from './outcome.mjs';

const Anthropic = sdk('@anthropic-ai/sdk');
const messages = [{ role: 'user', content: 'Hello, horse' }];
const client = (key, more = {}) =>
  new Anthropic({ apiKey: settings.keys[key], baseURL: settings.url, ...more });
const good = client('good');
const ask = { model: 'claude-sonnet-4.5', max_tokens: 100, messages };

const message = await good.messages.create(ask);
returned('message', [message.model, message.usage.input_tokens, message.usage.output_tokens]);

const final = await good.messages.stream(ask).finalMessage();
const same = final.content[0].text === message.content[0].text;
returned('stream', [same, final.usage.output_tokens, final.stop_reason]);

const events = await all(await good.messages.create({ ...ask, stream: true }));
returned('events', [events[0].type, events.at(-1).type]);

const count = await good.messages.countTokens({ model: ask.model, messages });
returned('count', count.input_tokens);

const describe = (error) => ({
  status: error.status,
  code: error.error.error.code,
  type: error.error.error.type,
  message: error.error.error.message,
  has_request_id: Boolean(error.requestID),
  should_retry: error.headers.get('x-should-retry'),
});

// The client retries as it does by itself, but for a rate, which it would wait for; and a rate is
// exceeded by the second call at the latest.
const fails = (status, key, more = {}) => {
  const [retries, calls] = status === '429' ? [{ maxRetries: 0 }, 5] : [{}, 1];
  const withKey = client(key, retries);
  const call = async () => {
    for (let at = 0; at < calls; at += 1) await withKey.messages.create({ ...ask, ...more });
  };
  return raised(status, call, describe);
};
await fails('401', 'wrong');
await fails('402', 'poor', { max_tokens: 20_000 });
await fails('403', 'narrow');
await fails('404', 'good', { model: 'claude-9' });
await fails('429', 'slow');
finish();
