/** Chat templates with what is peculiar about those that model families publish, in our own words, by family. */
export const TEMPLATES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../fixtures/chat-templates/*.jinja', { query: '?raw', import: 'default', eager: true }),
  ).map(([path, text]) => [path.replace(/^.*\/|\.jinja$/g, ''), text]),
)

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Wetter für "Orte" <b>',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const system = (content: string) => ({ role: 'system', content })

export const CONVERSATIONS = [
  [user('Hi 🌱')],
  [system(' Be kind. /no_think'), user('Hi'), assistant('\n\nHello '), user(' more\n ')],
  [user('a'), assistant('<think>\nhm\n</think>\n\nb'), user('c'), assistant('<think>x</think>d')],
  [user('a'), user('b')],
  [
    user('w?'),
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Zürich' } } }],
    },
    { role: 'tool', name: 'get_weather', content: '{"t": 3}' },
  ],
]

/** Variables of a request, and whether the prompt is to end where the assistant begins. */
export const REQUESTS = [
  { addGenerationPrompt: true, variables: {} },
  { addGenerationPrompt: false, variables: {} },
  { addGenerationPrompt: true, variables: { tools: [WEATHER], documents: [{ text: 'D' }, { doc_id: 7, text: 'E' }] } },
  {
    addGenerationPrompt: true,
    variables: { enable_thinking: false, controls: { citations: true }, names: ['x', 'y'] },
  },
]
