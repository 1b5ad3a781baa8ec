import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/job-options'
import { jobPaths } from '../../src/cli/job-paths'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'coppice-paths-')))
afterAll(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const input = at('in.jsonl')
writeFileSync(input, '{"prompt": "a"}\n')
writeFileSync(at('in.part'), '{"prompt": "a"}\n')
writeFileSync(at('utf16.jsonl'), Buffer.from('\ufeff{}', 'utf16le'))
writeFileSync(at('utf16be.jsonl'), Buffer.from('\ufeff{}', 'utf16le').swap16())
writeFileSync(at('old.jsonl'), 'old')
mkdirSync(at('folder'))
symlinkSync(input, at('symbolic'))
symlinkSync(at('folder'), at('folder-link'))
symlinkSync(at('old.jsonl'), at('old-link'))
linkSync(input, at('hard'))

it('answers go to the file itself where `--out` is a link, and are kept beside it', () => {
  expect(jobPaths({ input, out: at('new.jsonl'), summary: undefined })).toEqual({
    input,
    out: at('new.jsonl'),
    part: at('new.jsonl.part'),
    summary: undefined,
  })
  const old = { input, out: at('old.jsonl'), part: at('old.jsonl.part'), summary: at('s.json') }
  expect(jobPaths({ input, out: at('old-link'), summary: at('s.json') })).toEqual(old)
})

it.each([
  ['the input itself', input],
  ['a symbolic link to it', at('symbolic')],
  ['a hard link to it', at('hard')],
  ['its relative path', relative('.', input)],
  ['its path with detours', join(folder, 'folder', '..', '.', 'in.jsonl')],
])('an output is not %s', (_, out) => {
  expect(() => jobPaths({ input, out, summary: undefined })).toThrow(/would overwrite the input/)
  expect(() => jobPaths({ input, out: at('o'), summary: out })).toThrow(/would overwrite the input/)
})

it.each([
  [{ out: at('in'), input: at('in.part') }, /in\.part would overwrite the input/],
  [{ out: at('o'), summary: at('o') }, /\/o would overwrite .*\/o\./],
  [{ out: at('o'), summary: at('folder/../o.part') }, /o\.part would overwrite .*o\.part/],
  [{ out: at('folder') }, /folder is a folder, but must be a file/],
  [{ out: at('folder-link') }, /folder is a folder, but must be a file/],
  [{ out: '/dev/null' }, /\/dev\/null is not an ordinary file/],
  [{ out: at('no/out.jsonl') }, /^The folder of .*no\/out\.jsonl does not exist\.$/],
  [{ out: at('old.jsonl/out.jsonl') }, /^The folder of .* does not exist\.$/],
  [{ summary: at('folder') }, /folder is a folder/],
  [{ input: at('nowhere') }, /^The input .*nowhere cannot be read: Error: ENOENT/],
  [{ input: folder }, /^The input .* is a folder\.$/],
  [{ input: at('utf16.jsonl') }, /is UTF-16, as its byte order mark says\. Save it as UTF-8\.$/],
  [{ input: at('utf16be.jsonl') }, /is UTF-16/],
])('%o is refused', (paths, reason) => {
  const check = () => jobPaths({ input, out: at('new.jsonl'), summary: undefined, ...paths })
  expect(check).toThrow(UsageError)
  expect(check).toThrow(reason)
})
