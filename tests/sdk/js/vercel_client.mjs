// Vercel's AI SDK, as its users write it.

import { finish, raised, returned, settings, sdks } from './outcome.mjs';

const { generateText, embed, jsonSchema, streamText, tool } = sdks('ai');
const { createOpenAI } = sdks('@ai-sdk/openai');
const { createAnthropic } = sdks('@ai-sdk/anthropic');

const prompt = 'Hello, horse';
const baseURL = `${settings.url}/v1`;
const openai = (key) => createOpenAI({ apiKey: settings.keys[key], baseURL });
const good = openai('good');

const chat = await generateText({ model: good.chat('gpt-4.1'), prompt });
returned('chat', chat.usage.outputTokens);

const stream = streamText({ model: good.chat('gpt-4.1'), prompt });
let text = '';
for await (const piece of stream.textStream) text += piece;
returned('stream', [text === chat.text, (await stream.usage).outputTokens]);

// By itself it speaks the responses API.
const response = await generateText({ model: good('gpt-4.1'), prompt });
returned('response', [response.text === text, response.usage.outputTokens]);

const city = jsonSchema({ type: 'object', properties: { city: { type: 'string' } } });
const weather = tool({ description: 'The weather of a city.', inputSchema: city, execute: () => 'Rain.' });
const withTools = await generateText({ model: good.chat('gpt-4.1'), prompt, tools: { weather } });
returned('tools', withTools.usage.outputTokens);

const anthropic = createAnthropic({ apiKey: settings.keys.good, baseURL });
const message = await generateText({ model: anthropic('claude-sonnet-4.5'), prompt, maxOutputTokens: 100 });
returned('anthropic', [message.text === text, message.usage.outputTokens]);

const { embedding } = await embed({ model: good.embedding('text-embedding-3-small'), value: prompt });
returned('embeddings', embedding.length);

const describe = (error) => {
  const { code, type, message } = error.data.error;
  const headers = error.responseHeaders;
  return {
    status: error.statusCode,
    code,
    type,
    message,
    has_request_id: Boolean(headers['x-request-id']),
    should_retry: headers['x-should-retry'] ?? null,
  };
};
const fails = (status, key, more = {}) => {
  const { name = 'gpt-4.1', ...options } = more;
  const call = async () => {
    for (let at = 0; at < (status === '429' ? 5 : 1); at += 1) {
      await generateText({ model: openai(key).chat(name), prompt, maxRetries: 0, ...options });
    }
  };
  return raised(status, call, describe);
};
await fails('401', 'wrong');
await fails('402', 'poor', { maxOutputTokens: 100_000 });
await fails('403', 'narrow');
await fails('404', 'good', { name: 'gpt-9' });
await fails('429', 'slow');
finish();
