// The official OpenAI client, as its users write it.

import { all, finish, raised, returned, sdk, settings } from './outcome.mjs';

const OpenAI = sdk('openai');
const messages = [{ role: 'user', content: 'Hello, horse' }];
const client = (key, more = {}) =>
  new OpenAI({ apiKey: settings.keys[key], baseURL: `${settings.url}/v1`, ...more });
const good = client('good');
const model = 'gpt-4.1';

const chat = await good.chat.completions.create({ model, messages });
returned('chat', [chat.model, chat.usage.prompt_tokens, chat.usage.completion_tokens]);

const chunks = await all(await good.chat.completions.create({ model, messages, stream: true }));
const text = chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('');
const usages = chunks.map((chunk) => chunk.usage).filter(Boolean);
returned('stream', [text === chat.choices[0].message.content, usages]);

const response = await good.responses.create({ model, input: 'Hello, horse' });
returned('response', [response.output_text === text, response.usage.output_tokens]);

const stream = await good.responses.create({ model, input: 'Hello, horse', stream: true });
const last = (await all(stream)).at(-1);
returned('response_stream', [last.type, last.response.usage.output_tokens]);

const vectors = await good.embeddings.create({ model: 'text-embedding-3-small', input: ['Hello, horse', 'abcd'] });
returned('embeddings', [vectors.data.length, vectors.data[0].embedding.length, vectors.usage.total_tokens]);

const models = await all(await good.models.list());
returned('models', models.some(({ id }) => id === model));

const describe = (error) => ({
  status: error.status,
  code: error.code,
  type: error.type,
  message: error.message,
  has_request_id: Boolean(error.requestID),
  should_retry: error.headers.get('x-should-retry'),
});

// The client retries as it does by itself, but for a rate, which it would wait for; and a rate is
// exceeded by the second call at the latest.
const fails = (status, key, more = {}) => {
  const [retries, calls] = status === '429' ? [{ maxRetries: 0 }, 5] : [{}, 1];
  const withKey = client(key, retries);
  const call = async () => {
    for (let at = 0; at < calls; at += 1) await withKey.chat.completions.create({ model, messages, ...more });
  };
  return raised(status, call, describe);
};
await fails('401', 'wrong');
await fails('402', 'poor', { max_tokens: 100_000 });
await fails('403', 'narrow');
await fails('404', 'good', { model: 'gpt-9' });
await fails('429', 'slow');
finish();
