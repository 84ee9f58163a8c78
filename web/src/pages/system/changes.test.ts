import { expect, test } from 'vitest';
import { byRecord, fieldLabel, fieldWords } from './changes';

test('records are told to be added, changed or removed', () => {
  const made = { record: 'gate', before: null, after: 'x' };
  const gone = { record: 'yard', before: 'x', after: null };
  const groups = byRecord([
    { ...made, field: 'id' },
    { ...made, field: 'name' },
    { ...gone, field: 'id' },
    { record: 'hall', field: 'name', before: 'Hall', after: 'Lobby' },
  ]);
  expect(groups.map(({ record, what, fields }) => [record, what, fields.length])).toEqual([
    ['gate', 'added', 1],
    ['yard', 'removed', 0],
    ['hall', 'changed', 1],
  ]);
});

test('values and fields are in the words of the forms', () => {
  expect([true, false, '', null, 5].map(fieldWords)).toEqual(['yes', 'no', 'none', 'none', '5']);
  expect([fieldLabel('source.url'), fieldLabel('unheard_of')]).toEqual(['Address', 'unheard_of']);
});
