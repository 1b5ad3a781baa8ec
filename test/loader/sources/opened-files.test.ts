import { describe, expect, test } from 'vitest'
import { DownloadFailed } from '../../../src/core/errors'
import { type FileVersion, OpenedFiles } from '../../../src/loader/sources/opened-files'

function holdBoth(before: FileVersion, now: FileVersion): void {
  const opened = new OpenedFiles()
  opened.hold('a', before)
  opened.hold('a', now)
}

describe('a file that was opened before', () => {
  test.each<[string, FileVersion, FileVersion, string]>([
    ['ETag', { etag: '"a"' }, { etag: '"b"' }, 'its ETag was "a" and is "b"'],
    ['weak ETag', { etag: 'W/"a"' }, { etag: 'W/"b"' }, 'its ETag was W/"a" and is W/"b"'],
    ['length', { bytes: 5, etag: '"a"' }, { bytes: 6, etag: '"a"' }, 'it had 5 bytes and has 6'],
    ['date', { modified: 'Mon' }, { modified: 'Tue' }, 'it was last modified at Mon and is at Tue'],
    [
      'date on disk',
      { modified: 0 },
      { modified: 1 },
      'at 1970-01-01T00:00:00.000Z and is at 1970-01-01T00:00:00.001Z',
    ],
    ['date beside a weak ETag', { etag: 'W/"a"', modified: 1 }, { etag: 'W/"a"', modified: 2 }, 'last modified'],
    ['date where the ETag is gone', { etag: '"a"', modified: 1 }, { modified: 2 }, 'last modified'],
  ])('is another if its %s is', (_, before, now, what) => {
    expect(() => holdBoth(before, now)).toThrow(DownloadFailed)
    expect(() => holdBoth(before, now)).toThrow('a has changed while the model was loaded: ')
    expect(() => holdBoth(before, now)).toThrow(what)
  })

  test.each<[string, FileVersion, FileVersion]>([
    ['nothing is known of it', {}, {}],
    ['more or less is known of it', { etag: '"a"' }, { bytes: 5, modified: 1 }],
    ['a strong ETag says so, whatever the date', { etag: '"a"', modified: 1 }, { etag: '"a"', modified: 2 }],
    ['one answer was compressed (nginx)', { etag: 'W/"a"' }, { etag: '"a"' }],
    ['one answer was compressed (Apache)', { etag: '"a-gzip"' }, { etag: '"a"' }],
    ['one answer was compressed (Jetty)', { etag: '"a--gzip"' }, { etag: '"a"' }],
    ['one answer was compressed (Caddy)', { etag: '"a"' }, { etag: '"a-zstd"' }],
  ])('is the same if %s', (_, before, now) => {
    holdBoth(before, now)
  })

  test('is held to all that any of its answers has told', () => {
    const opened = new OpenedFiles()
    opened.hold('a', { etag: '"a"' })
    opened.hold('a', { bytes: 5 })
    expect(() => opened.hold('a', { bytes: 6 })).toThrow('it had 5 bytes and has 6')
  })

  test('can be loaded again after a change, and others with it', () => {
    const opened = new OpenedFiles()
    opened.hold('a', { etag: '"a"' })
    opened.hold('b', { etag: '"a"' })
    expect(() => opened.hold('a', { etag: '"b"' })).toThrow(DownloadFailed)
    opened.hold('a', { etag: '"b"' })
    opened.hold('b', { etag: '"b"' })
  })
})
