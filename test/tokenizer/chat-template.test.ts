import { describe, expect, test } from 'vitest'
import { InvalidRequest, UnsupportedModel } from '../../src/core/errors'
import { atOnce } from '../../src/core/work'
import { PromptEncoder } from '../../src/engine/prompt-encoder'
import { ChatTemplate } from '../../src/tokenizer/chat-template'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import fixture from '../fixtures/templates.json'
import { BEGIN_ID, byteLevelTokenizerConfig, END_ID } from '../support/seeded-tokenizer'
import { byteLevelKinds } from './byte-level-kinds'
import { CONVERSATIONS, REQUESTS, TEMPLATES } from './templates'
import { byteLevel } from './tokenizers'

const MESSAGES = [
  { role: 'system', content: 'Be kind.' },
  { role: 'user', content: 'Hi 🌱' },
]

const render = (chat_template: unknown, file?: string, options?: Parameters<ChatTemplate['render']>[1]) =>
  new ChatTemplate({ bos_token: '<s>', eos_token: { content: '</s>' }, chat_template }, file).render(MESSAGES, options)

test('a conversation becomes a prompt that ends where the assistant begins', () => {
  const template = new ChatTemplate(byteLevelTokenizerConfig)
  const conversation = '<|begin|>system\nBe kind.<|end|>\n<|begin|>user\nHi 🌱<|end|>\n'
  expect(template.render(MESSAGES)).toBe(`${conversation}<|begin|>assistant\n`)
  expect(template.render(MESSAGES, { addGenerationPrompt: false })).toBe(conversation)
})

test("the template's special tokens are encoded once, if no others are added", () => {
  const prompt = new ChatTemplate(byteLevelTokenizerConfig).render(MESSAGES.slice(1), { addGenerationPrompt: false })
  const ids = byteLevel.encode(prompt, { addSpecialTokens: false })
  expect(ids.filter(id => id === BEGIN_ID || id === END_ID)).toEqual([BEGIN_ID, END_ID])
})

describe('a template', () => {
  test('sees special tokens, messages and variables', () => {
    const template =
      "{{ bos_token }}{{ messages[1]['content'] }}{{ messages | length }}{{ tools is none }}{{ y is defined }}{{ x }}{{ eos_token }}"
    expect(render(template, undefined, { variables: { x: 5 } })).toBe('<s>Hi 🌱2TrueFalse5</s>')
  })

  test('sees the date in English', () => {
    const date = new Date(2024, 6, 6, 9, 5)
    expect(render("{{ strftime_now('%d %b %Y') }}", undefined, { date })).toBe('06 Jul 2024')
    expect(render("{{ strftime_now('%A, %B %d %H:%M %% %y') }}", undefined, { date })).toBe(
      'Saturday, July 06 09:05 % 24',
    )
  })

  test('keeps a newline that it begins with', () => {
    expect(render('\n{{ bos_token }}')).toBe('\n<s>')
  })

  test('is the one named default where there are several', () => {
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain' },
    ]
    expect(render(named)).toBe('plain')
  })

  test('is that of chat_template.jinja if there is the file', () => {
    expect(render('old', 'new')).toBe('new')
  })

  test('that refuses the messages makes the request invalid, with its own words', () => {
    const template = "{{ raise_exception('Roles must alternate!') }}"
    expect(() => render(template)).toThrow(InvalidRequest)
    expect(() => render(template)).toThrow(
      "The model's chat template cannot write these messages: Roles must alternate!",
    )
  })

  test('is the one for tools where there are tools and it is there', () => {
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain' },
    ]
    expect(render(named, undefined, { variables: { tools: [{}] } })).toBe('tools')
    expect(render(named, undefined, { variables: { tools: null } })).toBe('plain')
    expect(render(named.slice(1), undefined, { variables: { tools: [{}] } })).toBe('plain')
  })

  test('that runs on without end is unsupported, and says which limit it met', () => {
    const endless = '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}'
    expect(() => render(endless)).toThrow(UnsupportedModel)
    expect(() => render(endless)).toThrow(/chat template cannot write these messages: It takes more than \d+ steps/)
  })

  test('that does not parse is unsupported', () => {
    expect(() => render('{% if %}')).toThrow(UnsupportedModel)
  })
})

describe('a final message that is to be continued', () => {
  const template =
    '{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}'
  const continued = (chat_template: string, content: unknown, options = {}) =>
    new ChatTemplate({ chat_template }).render([...MESSAGES, { role: 'assistant', content }], {
      continueFinalMessage: true,
      ...options,
    })

  test('ends the prompt with its own text, as it stands', () => {
    const before = '<system>Be kind.</s>\n<user>Hi 🌱</s>\n<assistant>'
    expect(continued(template, 'Once upon')).toBe(`${before}Once upon`)
    expect(continued(template, 'Once upon ')).toBe(`${before}Once upon `)
    expect(continued(template, '')).toBe(before)
  })

  test('ends it without the white space that the template trims', () => {
    const trimming = '{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</s>{% endfor %}'
    expect(continued(trimming, ' Once upon\n')).toBe('<system>Be kind.</s><user>Hi 🌱</s><assistant>Once upon')
  })

  test('may be a list of parts, of which the last text goes on', () => {
    const parts =
      '{% for m in messages %}{% for p in m.content if m.content is not string %}[{{ p.text }}]{% endfor %}{% endfor %}'
    const content = [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }, { type: 'image' }]
    expect(continued(parts, content)).toBe('[a][b')
    expect(content[1]).toEqual({ type: 'text', text: 'b' })
  })

  test('must have a text, be written by the template, and not be followed by a new one', () => {
    expect(() => continued(template, null)).toThrow('has no text to continue')
    expect(() => continued(template, [{ type: 'image' }])).toThrow('has no text to continue')
    expect(() => continued('{{ messages[0].content }}', 'x')).toThrow('changes or leaves out a part')
    expect(() => continued("{{ messages[2].content | replace('b', 'c') }}", 'abc')).toThrow(
      'changes or leaves out a part',
    )
    expect(() => continued('{{ messages[0].role }}', 'x')).toThrow("does not read its 'content'")
    expect(() => continued(template, 'x', { addGenerationPrompt: true })).toThrow('set one of them')
    expect(() => new ChatTemplate({ chat_template: template }).render([], { continueFinalMessage: true })).toThrow(
      InvalidRequest,
    )
  })
})

test.each([undefined, null, [], [{ name: 'tool_use', template: 'x' }]])(
  'a model without a template (%j) takes no conversations and says so',
  field => {
    expect(() => render(field)).toThrow(InvalidRequest)
    expect(() => render(field)).toThrow('The model has no chat template')
  },
)

describe.each(Object.entries(TEMPLATES))("%s's template", (name, chat_template) => {
  const prompts = (fixture as Readonly<Record<string, readonly (readonly (string | null)[])[]>>)[name]

  test('makes the prompts that jinja2 makes, and refuses what it refuses', () => {
    const template = new ChatTemplate({ bos_token: '<s>', eos_token: '</s>', chat_template })
    for (const [index, messages] of CONVERSATIONS.entries()) {
      for (const [request, options] of REQUESTS.entries()) {
        const render = () => template.render(messages, { ...options, date: new Date(2025, 0, 5) })
        const prompt = prompts[index][request]
        if (prompt === null) expect(render).toThrow(InvalidRequest)
        else expect(render()).toBe(prompt)
      }
    }
  })
})

test('a template that writes BOS and a tokenizer that adds it do not make two', () => {
  const json = byteLevelKinds.find(({ name }) => name === 'llama-bpe')?.json ?? {}
  const encoder = new PromptEncoder(
    new Tokenizer(json),
    new ChatTemplate({ bos_token: '<|begin|>', chat_template: TEMPLATES['llama-3'] }),
    5000,
    5000,
  )
  const numBegins = (ids: readonly number[]) => ids.filter(id => id === BEGIN_ID).length
  expect(numBegins(atOnce(encoder.encode([{ role: 'user', content: 'a' }])))).toBe(1)
  expect(numBegins(atOnce(encoder.encode('a')))).toBe(1)
})
