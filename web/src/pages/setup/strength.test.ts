import { expect, test } from 'vitest';
import { strengthOf } from './strength';

test('what is too short says how much is missing', () => {
  expect(strengthOf('', 'anna').words).toBe('12 more characters needed');
  expect(strengthOf('elevensigns', 'anna').words).toBe('1 more character needed');
});

test.each(['aaaaaaaaaaaaaa', 'anna1234567890'])('%s is easy to guess', (password) => {
  expect(strengthOf(password, 'anna').tone).toBe('bad');
});

test('several words are strong, and repeating one sign adds nothing', () => {
  expect(strengthOf('correct horse battery staple', 'anna').tone).toBe('accent');
  expect(strengthOf('lantern mop', '').share).toBe(strengthOf('lantern mop', '').share);
  expect(strengthOf('lantern moppppppppp', '').share).toBe(strengthOf('lantern mopp', '').share);
});
