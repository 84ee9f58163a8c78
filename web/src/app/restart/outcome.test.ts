import { expect, test } from 'vitest';
import type { SlotView, UpdatesView } from '../../api/appliance';
import { outcomeOf } from './outcome';

const A: SlotView = { name: 'a', state: 'running', version: '1.4.0', tries_left: 6 };
const B: SlotView = { name: 'b', state: 'trial', version: '1.5.0', tries_left: 2 };
const idle = { state: 'idle', percent: null, version: null, problem: null } as const;

function view(slot: 'a' | 'b' | null, slots: SlotView[], task: UpdatesView['task'] = idle): UpdatesView {
  const version = slot === 'b' ? '1.5.0' : '1.4.0';
  const source = { url: null, automatic: false, checked_at: null, offered: null };
  return { running: { version, slot }, floor: null, slots, task, source };
}

const wanted = { from: { version: '1.4.0', slot: 'a' }, version: '1.5.0' };

test('the new version runs, at first on trial', () => {
  const trial = view('b', [
    { ...A, state: 'good' },
    { ...B, tries_left: 1 },
  ]);
  expect(outcomeOf(wanted, trial)).toEqual({ kind: 'runs', version: '1.5.0', proven: false });
  const proven = view('b', [
    { ...A, state: 'good' },
    { ...B, state: 'running', tries_left: 6 },
  ]);
  expect(outcomeOf(wanted, proven)).toEqual({ kind: 'runs', version: '1.5.0', proven: true });
});

test('an appliance that runs the version of before fell back', () => {
  const back = view('a', [A, { ...B, state: 'bad', tries_left: 0 }]);
  expect(outcomeOf(wanted, back)).toEqual({ kind: 'fell-back', version: '1.4.0', wanted: '1.5.0', why: undefined });
});

test('another reason is told with it', () => {
  const problem = { code: 'boot-loader', title: 'The boot loader cannot be written', status: 500, remedy: '' };
  const back = view('a', [A], { ...idle, state: 'failed', problem });
  expect(outcomeOf(wanted, back)).toMatchObject({ why: 'The boot loader cannot be written' });
  const known = { ...problem, code: 'update-not-healthy' };
  expect(outcomeOf(wanted, view('a', [A], { ...idle, state: 'failed', problem: known }))).toMatchObject({
    why: undefined,
  });
});

test('before the restart nothing is decided', () => {
  expect(outcomeOf(wanted, view('a', [A, B], { ...idle, state: 'restart-needed', version: '1.5.0' }))).toEqual({
    kind: 'waiting',
  });
});

test('the same version in the other slot counts as started', () => {
  const again = { from: { version: '1.5.0', slot: 'a' }, version: '1.5.0' };
  expect(outcomeOf(again, view('b', [A, { ...B, state: 'running' }]))).toMatchObject({ kind: 'runs' });
});
