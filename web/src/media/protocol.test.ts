import { describe, expect, it } from 'vitest';
import { encodeClose, encodeMore, encodeOpen, formatTime, parseBinary, parseText, parseTime } from './protocol';

function message(
  type: number,
  track: number,
  channel: number,
  flags: number,
  timeUs: bigint,
  body: number[],
): ArrayBuffer {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, track);
  view.setUint16(2, channel);
  view.setUint8(4, flags);
  view.setBigUint64(8, timeUs);
  bytes.set(body, 16);
  return bytes.buffer;
}

describe('binary messages', () => {
  it("gives the header's fields and the media behind it", () => {
    const chunk = parseBinary(message(2, 1, 65535, 3, 1_795_523_465_123_456n, [9, 8]));
    expect(chunk).toMatchObject({ kind: 'media', track: 'audio', channel: 65535, key: true, damaged: true });
    expect(chunk?.timeUs).toBe(1_795_523_465_123_456);
    expect([...(chunk?.data ?? [])]).toEqual([9, 8]);
  });

  it('knows an initialisation segment', () => {
    expect(parseBinary(message(1, 0, 7, 0, 0n, [1]))).toMatchObject({ kind: 'init', track: 'video', key: false });
  });

  it.each([[new ArrayBuffer(0)], [new ArrayBuffer(15)], [message(3, 0, 1, 0, 0n, [])], [message(2, 2, 1, 0, 0n, [])]])(
    'refuses what is not ours',
    (bytes) => {
      expect(parseBinary(bytes)).toBeNull();
    },
  );
});

describe('control messages', () => {
  it('reads the epoch to the microsecond', () => {
    expect(parseText('{"op":"opened","channel":1,"epoch":"2026-11-24T13:00:00.000001Z"}')).toEqual({
      op: 'opened',
      channel: 1,
      epochUs: Date.UTC(2026, 10, 24, 13) * 1000 + 1,
    });
  });

  it('reads an initialisation with its note', () => {
    const text =
      '{"op":"init","channel":1,"track":"video","codec":"avc1","mime":"video/mp4","width":8,"height":4,"note":"n"}';
    expect(parseText(text)).toMatchObject({ op: 'init', track: 'video', width: 8, height: 4, note: 'n' });
  });

  it('reads why there is no picture', () => {
    const text = '{"op":"state","channel":1,"status":"waiting","problem":{"code":"c","title":"t","remedy":"r"}}';
    expect(parseText(text)).toMatchObject({ status: 'waiting', problem: { code: 'c', title: 't', remedy: 'r' } });
  });

  it('always has a problem for an error', () => {
    expect(parseText('{"op":"error","channel":1}')).toMatchObject({ op: 'error', problem: { code: 'unknown' } });
  });

  it.each([
    '',
    '[]',
    'null',
    '{}',
    '{"op":"opened","channel":70000}',
    '{"op":"opened","channel":1,"epoch":"soon"}',
    '{"op":"new","channel":1}',
  ])('passes over %s', (text) => {
    expect(parseText(text)).toBeNull();
  });

  it('writes what the server reads', () => {
    const request = { op: 'live', camera: 'front', codecs: ['avc1'], audio: false } as const;
    expect(JSON.parse(encodeOpen(3, request))).toEqual({ ...request, channel: 3 });
    expect(JSON.parse(encodeMore(3, 2))).toEqual({ op: 'more', channel: 3, credit: 2 });
    expect(JSON.parse(encodeClose(3))).toEqual({ op: 'close', channel: 3 });
  });
});

describe('times', () => {
  it('survive the way there and back', () => {
    for (const timeUs of [0, 1, 1_795_523_465_123_456, 1_795_523_465_000_000]) {
      expect(parseTime(formatTime(timeUs))).toBe(timeUs);
    }
  });
});
