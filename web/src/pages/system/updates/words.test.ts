import { expect, test } from 'vitest';
import type { SlotView, UpdatesView } from '../../../api/appliance';
import { fileFault, nextSlot, progressOf, slotFacts, triesWords, versionWords } from './words';

function view(a: Partial<SlotView>, b: Partial<SlotView>, slot: 'a' | 'b' | null = 'a'): UpdatesView {
  return {
    running: { version: '1.4.0', slot },
    floor: '1.0.0',
    slots: [
      { name: 'a', state: 'running', version: '1.4.0', tries_left: 6, ...a },
      { name: 'b', state: 'good', version: '1.3.0', tries_left: 6, ...b },
    ],
    task: { state: 'idle', percent: null, version: null, problem: null },
    source: { url: null, automatic: false, checked_at: null, offered: null },
  };
}

function facts(of: UpdatesView): string[] {
  return of.slots.map((slot) => {
    const { label, runs, next } = slotFacts(slot, of);
    return [label, runs && 'runs', next && 'next'].filter(Boolean).join(' ');
  });
}

test('the slot that runs is the one that starts again', () => {
  expect(facts(view({}, {}))).toEqual(['Running runs next', 'In reserve']);
});

test('an installed version is next, and on trial once it runs', () => {
  const installed = { state: 'trial', version: '1.5.0', tries_left: 2 } as const;
  expect(facts(view({}, installed))).toEqual(['Running runs', 'To be tried next']);
  expect(facts(view({ state: 'good' }, { ...installed, tries_left: 1 }, 'b'))).toEqual([
    'In reserve',
    'On trial runs next',
  ]);
});

test('a version that has used up its tries is not next', () => {
  expect(facts(view({}, { state: 'bad', tries_left: 0 }))).toEqual(['Running runs next', 'Not startable']);
  expect(nextSlot(view({}, { state: 'trial', tries_left: 0 }))).toBe('a');
});

test('the slot an update is written to is not called broken', () => {
  const broken = view({}, { state: 'bad', tries_left: 0 });
  const writing = { ...broken, task: { ...broken.task, state: 'installing', percent: 10 } as const };
  expect(facts(writing)).toEqual(['Running runs next', 'Being written']);
});

test('without slots nothing is next', () => {
  expect(nextSlot({ ...view({}, {}, null), slots: [] })).toBeUndefined();
});

test('the version that waits is known from its installation', () => {
  const waiting = view({}, { state: 'trial', version: null, tries_left: 2 });
  const installed = { ...waiting, task: { ...waiting.task, state: 'restart-needed', version: '1.5.0' } as const };
  expect(installed.slots.map((slot) => versionWords(slot, installed))).toEqual(['1.4.0', '1.5.0']);
  expect(waiting.slots.map((slot) => versionWords(slot, waiting))).toEqual(['1.4.0', 'Version not known']);
  const empty = view({}, { state: 'empty', version: null });
  expect(empty.slots.map((slot) => versionWords(slot, empty))[1]).toBe('No version');
});

test('tries are counted in words, but not of an empty slot', () => {
  const slot = { name: 'b', state: 'trial', version: '1', tries_left: 1 } as const;
  expect([slot, { ...slot, tries_left: 2 }, { ...slot, tries_left: 0 }].map(triesWords)).toEqual([
    '1 try left',
    '2 tries left',
    'No tries left',
  ]);
  expect(triesWords({ ...slot, state: 'empty' })).toBe('');
});

test('the file is sent, then the recorder goes on with it', () => {
  const task = { state: 'idle', percent: null, version: null, problem: null } as const;
  expect(progressOf(task, 0.25)).toEqual({ step: 'Sending the file', share: 0.25, uploading: true });
  expect(progressOf(task, 1).step).toBe('Checking signature and contents');
  expect(progressOf({ ...task, state: 'receiving', percent: 40 }, 1).share).toBeUndefined();
  expect(progressOf({ ...task, state: 'installing', percent: 63 }, undefined)).toMatchObject({ share: 0.63 });
  expect(progressOf({ ...task, state: 'receiving' }, undefined).step).toBe('Receiving the file');
});

test('what cannot be a bundle is not sent', () => {
  expect(fileFault({ name: 'gatehouse-1.5.0.RAUCB', size: 1e8 })).toBeUndefined();
  expect(fileFault({ name: 'holiday.jpg', size: 1e6 })?.title).toContain('holiday.jpg');
  expect(fileFault({ name: 'gatehouse.raucb', size: 0 })?.title).toContain('empty');
});
